import { readFileSync } from "node:fs";
import path from "node:path";
import { LogError, messageOf } from "../base/errors.ts";
import { expectedValue } from "./expected-value.ts";
import {
  type Environment,
  environmentLayer,
  fileLayer,
  flagLayer,
  type Layer,
  type RawValue,
  type Source,
} from "./layers.ts";
import { type Config, SETTING_NAMES, SETTINGS, type SettingName, variableOf } from "./settings.ts";

export const CONFIG_FILE = "tidelog.json";

export interface ConfigSources {
  /** As the command line gave them, by setting name, and `configFile`; conversion from text is done here. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Default: the process's. */
  readonly environment?: Environment;
  /** Default: the process's. */
  readonly workingDirectory?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<SettingName, Source>>;
}

/**
 * Every setting's effective value: flags over environment over file over defaults. The file is the one that
 * `--config-file` or `TIDELOG_CONFIG_FILE` names, else `tidelog.json` in the working directory, if there.
 *
 * Fails with `InvalidConfig`, which names everything that is wrong: unknown names, values that a setting does not
 * take, files that cannot be read.
 */
export function loadConfig(from: ConfigSources = {}): LoadedConfig {
  const environment = from.environment ?? process.env;
  const workingDirectory = from.workingDirectory ?? process.cwd();
  const flags = from.flags ?? {};
  const layers = [flagLayer(flags), environmentLayer(environment)];
  const file = configFile(flags, environment, workingDirectory);
  if (file !== undefined) layers.push(file);
  const problems = layers.flatMap((layer) => layer.problems);

  const chosen = new Map<SettingName, RawValue>();
  for (const name of SETTING_NAMES) chosen.set(name, effectiveValue(name, layers));
  dropWeakerToken(chosen, layers, problems);
  const values: Partial<Record<SettingName, unknown>> = {};
  const sources: Partial<Record<SettingName, Source>> = {};
  for (const [name, raw] of chosen) {
    values[name] = checkedValue(name, raw, workingDirectory, problems);
    sources[name] = raw.source;
  }
  if (problems.length === 0 && values.tokenFile !== undefined)
    values.token = tokenOf(String(values.tokenFile), problems);
  if (problems.length > 0) throw new LogError("InvalidConfig", problems.join("; "), { details: { problems } });
  return { config: values as Config, sources: sources as Record<SettingName, Source> };
}

function configFile(
  flags: ConfigSources["flags"],
  environment: Environment,
  workingDirectory: string,
): Layer | undefined {
  const named = flags?.configFile ?? environment[variableOf("configFile")];
  const file = path.resolve(workingDirectory, typeof named === "string" && named !== "" ? named : CONFIG_FILE);
  try {
    return fileLayer(file, readFileSync(file, "utf8"));
  } catch (error) {
    if (named === undefined && isAbsent(error)) return undefined;
    return { values: {}, problems: [`configuration file ${file} cannot be read: ${messageOf(error)}`] };
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function effectiveValue(name: SettingName, layers: readonly Layer[]): RawValue {
  for (const layer of layers) {
    const raw = layer.values[name];
    if (raw !== undefined) return raw;
  }
  return { value: SETTINGS[name].fallback, source: { kind: "default", origin: "default" } };
}

/** A token and a token file are two ways to say one thing: the stronger source wins, one source may not say both. */
function dropWeakerToken(chosen: Map<SettingName, RawValue>, layers: readonly Layer[], problems: string[]): void {
  const unset: RawValue = { value: undefined, source: { kind: "default", origin: "default" } };
  const strongest = layers.find(({ values }) => values.token !== undefined || values.tokenFile !== undefined);
  if (strongest === undefined) return;
  const { token, tokenFile } = strongest.values;
  if (token !== undefined && tokenFile !== undefined) {
    problems.push(`${token.source.origin} and ${tokenFile.source.origin} both set the token: leave one out`);
  }
  if (token !== undefined) chosen.set("tokenFile", unset);
  else if (tokenFile !== undefined) chosen.set("token", { value: undefined, source: tokenFile.source });
}

function checkedValue(name: SettingName, raw: RawValue, workingDirectory: string, problems: string[]): unknown {
  const {
    schema,
    path: isPath,
    secret,
  } = SETTINGS[name] as (typeof SETTINGS)[SettingName] & { path?: boolean; secret?: boolean };
  const outcome = schema.safeParse(raw.value);
  if (!outcome.success) {
    const expected = outcome.error.issues.map(expectedValue).join(", ");
    const came = secret === true ? "" : ` (came ${JSON.stringify(raw.value)})`;
    problems.push(`${where(name, raw.source)}: ${expected}${came}`);
    return undefined;
  }
  if (isPath !== true || typeof outcome.data !== "string") return outcome.data;
  const base = raw.source.kind === "file" ? path.dirname(raw.source.origin) : workingDirectory;
  return path.resolve(base, outcome.data);
}

function where(name: SettingName, source: Source): string {
  return source.kind === "file" ? `${source.origin}: ${name}` : source.origin;
}

function tokenOf(file: string, problems: string[]): string | undefined {
  try {
    const outcome = SETTINGS.token.schema.safeParse(readFileSync(file, "utf8").trim());
    if (outcome.success) return outcome.data;
    problems.push(`token file ${file}: expected one line of visible ASCII characters without spaces`);
  } catch (error) {
    problems.push(`token file ${file} cannot be read: ${messageOf(error)}`);
  }
  return undefined;
}
