import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { flagOf, SETTING_NAMES, SETTINGS, type SettingName, variableOf } from "../../../lib/config/settings.ts";
import { CONFIG_RULES, topicConfigNames } from "../../../lib/log/topics/config-rules.ts";

const document = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");

function rowOf(name: SettingName): string {
  const { about, fallback, secret } = SETTINGS[name] as { about: string; fallback: unknown; secret?: boolean };
  const flag = secret === true ? "" : `\`${flagOf(name)}\``;
  return `| \`${name}\` | ${flag} | \`${variableOf(name)}\` | ${defaultText(fallback)} | ${about} |`;
}

function defaultText(fallback: unknown): string {
  if (fallback === undefined || (typeof fallback === "object" && Object.keys(fallback ?? {}).length === 0)) return "";
  return `\`${String(fallback)}\``;
}

test("docs/configuration.md has the table of all settings, as they are", () => {
  const header = ["| in the file | flag | variable | default | what it is |", "| --- | --- | --- | --- | --- |"];
  const end = document.indexOf("\n## Configs of topics");
  expect(document.slice(document.indexOf("| in the file"), end)).toBe(
    `${[...header, ...SETTING_NAMES.map(rowOf)].join("\n")}\n`,
  );
});

test("docs/configuration.md has every topic config with its default, and no other", () => {
  const table = document.slice(document.indexOf("| config | default |"));
  const rows = [...table.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| \S/gm)].map(([, name, value]) => [name, value]);
  const rules = topicConfigNames.map((name) => [name, CONFIG_RULES[name].defaultValue]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(rules));
});
