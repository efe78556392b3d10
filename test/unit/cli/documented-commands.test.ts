import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { processContext } from "../../../lib/cli/command-context.ts";
import { createProgram } from "../../../lib/cli/program.ts";
import { flagOf, SETTING_NAMES } from "../../../lib/config/settings.ts";

const document = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
const sections = new Map(
  document.split(/^## /m).map((section) => {
    const [title = "", ...lines] = section.split("\n");
    return [title, lines.join("\n")] as const;
  }),
);
const common = sections.get("Options of all commands that talk to a server") ?? "";
const flagsIn = (text: string): readonly string[] => text.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? [];

/** Settings as flags are the business of docs/configuration.md. */
const settingFlags = new Set(SETTING_NAMES.map(flagOf));
const shared = new Set([...flagsIn(common), ...settingFlags, "--help"]);

interface Documented {
  readonly path: string;
  readonly flags: readonly string[];
}

/** Every command that does something, by its full name. */
function commandsOf(command: Command, path: string): Documented[] {
  if (command.commands.length > 0) {
    return command.commands.flatMap((child) => commandsOf(child, `${path} ${child.name()}`));
  }
  return [{ path, flags: command.options.flatMap(({ long }) => (long ? [long] : [])) }];
}

const commands = commandsOf(createProgram(processContext()), "tidelog");

describe("docs/cli.md", () => {
  test("has a section for each command, in the order of the help, and for nothing else", () => {
    const titles = [...sections.keys()].filter((title) => title.startsWith("tidelog "));
    expect(titles).toEqual(commands.map(({ path }) => path));
  });

  test.each(commands)("tells of each flag of $path, and of none that it does not have", ({ path, flags }) => {
    const told = flagsIn(sections.get(path) ?? "");
    expect(flags.filter((flag) => !shared.has(flag) && !told.includes(flag))).toEqual([]);
    expect(told.filter((flag) => !flags.includes(flag))).toEqual([]);
  });
});
