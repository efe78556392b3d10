import type { Command } from "commander";
import { type DescribedSetting, describeConfig } from "../../config/describe-config.ts";
import { SETTING_NAMES } from "../../config/settings.ts";
import type { CommandContext } from "../command-context.ts";
import { addSettingOptions, configOf } from "../config-options.ts";
import { formatTable } from "../table.ts";

const EXAMPLE = `
Settings come from flags, before variables (TIDELOG_PORT), before the file (tidelog.json), before defaults.

Example:
  $ TIDELOG_PORT=9000 tidelog config --json`;

/** `tidelog config`: the effective settings and where each comes from. */
export function addConfig(program: Command, { output }: CommandContext): void {
  const command = program.command("config").description("show the effective settings and where each comes from");
  const flags = SETTING_NAMES.filter((name) => name !== "token");
  addSettingOptions(command, flags)
    .option("--json", "as JSON, by name")
    .addHelpText("after", EXAMPLE)
    .action(async ({ json, ...given }: Record<string, unknown>) => {
      const settings = describeConfig(configOf(given));
      if (json === true) await output.json(Object.fromEntries(settings.map(settingJson)));
      else await output.write(formatTable(["SETTING", "VALUE", "FROM"], settings.map(settingRow)));
    });
}

function settingJson({ name, value, source }: DescribedSetting): [string, object] {
  return [name, { value: value ?? null, source: source.kind, origin: source.origin }];
}

function settingRow({ name, value, source }: DescribedSetting): [string, string, string] {
  const origin = source.kind === "default" ? "default" : `${source.kind} ${source.origin}`;
  return [name, valueText(value), origin];
}

function valueText(value: unknown): string {
  if (value === undefined) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(",");
  if (typeof value !== "object" || value === null) return String(value);
  const pairs = Object.entries(value).map(([key, entry]) => `${key}=${String(entry)}`);
  return pairs.length === 0 ? "-" : pairs.join(",");
}
