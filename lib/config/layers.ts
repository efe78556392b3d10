import { nearestName } from "./nearest-name.ts";
import { flagOf, SETTING_NAMES, SETTINGS, type SettingName, VARIABLE_PREFIX, variableOf } from "./settings.ts";

export type SourceKind = "flag" | "environment" | "file" | "default";

/** Where a value was set: a flag, a variable or a file, by name. */
export interface Source {
  readonly kind: SourceKind;
  readonly origin: string;
}

export interface RawValue {
  readonly value: unknown;
  readonly source: Source;
}

/** What one kind of source sets, not yet checked, and what is wrong with it as a whole. */
export interface Layer {
  readonly values: Partial<Record<SettingName, RawValue>>;
  readonly problems: readonly string[];
}

/** Names that tests use for themselves; everything else under the prefix must be a setting. */
const TEST_PREFIX = `${VARIABLE_PREFIX}TEST_`;
const CONFIG_FILE_VARIABLE = variableOf("configFile");

function layerOf(entries: Iterable<readonly [SettingName, RawValue]>, problems: readonly string[] = []): Layer {
  return { values: Object.fromEntries(entries), problems };
}

function parsed(name: SettingName, value: unknown): unknown {
  return typeof value === "string" ? SETTINGS[name].fromText(value) : value;
}

/** Flags as a command-line parser gives them, by setting name; undefined ones were not given. */
export function flagLayer(flags: Readonly<Record<string, unknown>>): Layer {
  const entries: [SettingName, RawValue][] = [];
  for (const name of SETTING_NAMES) {
    if (flags[name] === undefined) continue;
    entries.push([name, { value: parsed(name, flags[name]), source: { kind: "flag", origin: flagOf(name) } }]);
  }
  return layerOf(entries);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as not set, as shells and process managers have it. */
export function environmentLayer(environment: Environment): Layer {
  const names = new Map(SETTING_NAMES.map((name) => [variableOf(name), name]));
  const entries: [SettingName, RawValue][] = [];
  const problems: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || variable.startsWith(TEST_PREFIX)) continue;
    if (variable === CONFIG_FILE_VARIABLE || text === undefined || text === "") continue;
    const name = names.get(variable);
    if (name === undefined) problems.push(unknownName("environment variable", variable, [...names.keys()]));
    else entries.push([name, { value: parsed(name, text), source: { kind: "environment", origin: variable } }]);
  }
  return layerOf(entries, problems);
}

/** A JSON object by setting names; values are not converted from text. */
export function fileLayer(path: string, text: string): Layer {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file, which may hold the token.
    return layerOf([], [`${path}: not valid JSON`]);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return layerOf([], [`${path}: expected a JSON object of settings`]);
  }
  const entries: [SettingName, RawValue][] = [];
  const problems: string[] = [];
  for (const [name, value] of Object.entries(content)) {
    if (isSettingName(name)) entries.push([name, { value, source: { kind: "file", origin: path } }]);
    else if (name !== "$schema") problems.push(`${path}: ${unknownName("setting", name, SETTING_NAMES)}`);
  }
  return layerOf(entries, problems);
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

function unknownName(what: string, name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return `unknown ${what} ${name}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
}
