import { type Command, Option } from "commander";
import { isLogError } from "../base/errors.ts";
import { type LoadedConfig, loadConfig } from "../config/load-config.ts";
import { flagOf, SETTINGS, type SettingName } from "../config/settings.ts";
import { UsageError } from "./command-error.ts";
import { collect } from "./parse-arguments.ts";

/** Settings that only clients have a use for, and only servers; a token stays off the command line, where `ps` shows it. */
export const CLIENT_SETTINGS = [
  "endpoint",
  "tokenFile",
  "sign",
  "awsProfile",
] as const satisfies readonly SettingName[];
const CLIENT_ONLY: ReadonlySet<string> = new Set(["endpoint", "sign", "awsProfile"]);
export const SERVER_SETTINGS = (Object.keys(SETTINGS) as SettingName[]).filter(
  (name) => name !== "token" && !CLIENT_ONLY.has(name),
);

const PLACEHOLDERS: Partial<Record<SettingName, string>> = {
  host: "host",
  port: "port",
  dataDir: "dir",
  tokenFile: "file",
  allowHost: "host",
  endpoint: "url",
  sign: "how",
  awsProfile: "name",
  logLevel: "level",
  logFormat: "format",
  defaultPartitions: "count",
  topicDefaults: "pairs",
  lingerMs: "ms",
  groupSessionTimeoutMs: "ms",
  groupHeartbeatIntervalMs: "ms",
};

/** Gives a command the flags of settings, and the file that holds more of them. */
export function addSettingOptions(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) command.addOption(settingOption(name));
  return command.option("--config-file <file>", "file of settings (default: tidelog.json, where there is one)");
}

function settingOption(name: SettingName): Option {
  const { about, fallback } = SETTINGS[name];
  const shown = fallback === undefined || typeof fallback === "object" ? "" : ` (default: ${String(fallback)})`;
  const description = `${about}${shown}`;
  if (typeof fallback === "boolean") return new Option(`${flagOf(name)} [true|false]`, description);
  const option = new Option(`${flagOf(name)} <${PLACEHOLDERS[name] ?? "bytes"}>`, description);
  return Array.isArray(fallback) ? option.argParser(collect) : option;
}

/** The effective settings; what is wrong with them is wrong usage. */
export function configOf(flags: Readonly<Record<string, unknown>>): LoadedConfig {
  try {
    return loadConfig({ flags });
  } catch (error) {
    if (isLogError(error, "InvalidConfig")) throw new UsageError(`${error.message}; see: tidelog config --help`);
    throw error;
  }
}
