import { Readable, Writable } from "node:stream";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { CommandEnded } from "../../../lib/cli/command-error.ts";
import { explainError } from "../../../lib/cli/explain-error.ts";
import { Notices } from "../../../lib/cli/notices.ts";
import { Output } from "../../../lib/cli/output.ts";
import { createProgram } from "../../../lib/cli/program.ts";
import { InstantClock } from "../../support/instant-clock.ts";

const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

function program(): Command {
  return createProgram({
    clock: new InstantClock(),
    output: new Output(nowhere()),
    notices: new Notices(nowhere()),
    input: () => Readable.from([]),
  });
}

function commandsOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

async function endOf(parsing: Promise<unknown>): Promise<unknown> {
  return parsing.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the command line", () => {
  test("has the commands that it is to have", () => {
    const names = [
      "tidelog",
      "tidelog config",
      "tidelog consume",
      "tidelog doctor",
      "tidelog gc",
      "tidelog groups",
      "tidelog groups delete",
      "tidelog groups describe",
      "tidelog groups list",
      "tidelog groups reset-offsets",
      "tidelog offsets",
      "tidelog restore",
      "tidelog verify",
      "tidelog produce",
      "tidelog start",
      "tidelog topics",
      "tidelog topics alter",
      "tidelog topics create",
      "tidelog topics delete",
      "tidelog topics delete-records",
      "tidelog topics describe",
      "tidelog topics list",
    ];
    expect(new Set(commandsOf(program()).map(pathOf))).toEqual(new Set(names));
  });

  test.each(commandsOf(program()).map(pathOf))("%s --help shows an example of itself", async (path) => {
    const root = program();
    let help = "";
    for (const command of commandsOf(root)) command.configureOutput({ writeOut: (text) => (help += text) });
    const ended = await endOf(root.parseAsync([...path.split(" ").slice(1), "--help"], { from: "user" }));
    expect(ended).toBeInstanceOf(CommandEnded);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(help).toContain(`Usage: ${path}`);
    expect(help).toMatch(new RegExp(`\\nExamples?:\\n( {2}\\$ .*\\n)* {2}\\$ .*${path}`));
  });

  test("takes a token from no flag, where everybody could read it", () => {
    const flags = commandsOf(program()).flatMap(({ options }) => options.map(({ long }) => long));
    expect(flags).toContain("--token-file");
    expect(flags).not.toContain("--token");
  });
});

describe("wrong usage", () => {
  test.each([
    ["an unknown command", ["produse", "orders"], /did you mean produce\?.*see: tidelog --help/i],
    ["an unknown option", ["topics", "list", "--jsn"], /--jsn.*see: tidelog topics list --help/],
    ["a missing topic", ["consume"], /topic.*see: tidelog consume --help/],
    ["one argument too many", ["offsets", "orders", "payments"], /too many.*see: tidelog offsets --help/],
    ["beginning and offset", ["consume", "orders", "--from-beginning", "--offset", "1"], /cannot be used with/],
    ["beginning and time", ["consume", "o", "--from-beginning", "--timestamp", "2026-01-01"], /cannot be used with/],
    ["offset and time", ["consume", "orders", "--offset", "1", "--timestamp", "2026-01-01"], /cannot be used with/],
    ["a group and an offset", ["consume", "orders", "--group", "g", "--offset", "1"], /cannot be used with/],
    ["a group and a partition", ["consume", "orders", "--group", "g", "--partition", "1"], /cannot be used with/],
    ["an instance of no group", ["consume", "orders", "--instance-id", "till-1"], /give --group/],
    ["a time that is none", ["consume", "orders", "--timestamp", "soon"], /such as 2026-11-20/],
    ["a negative offset", ["consume", "orders", "--offset", "-1"], /whole number from 0/],
    ["no message at all", ["consume", "orders", "--max-messages", "0"], /whole number from 1/],
    ["a codec that is none", ["produce", "orders", "--compression", "rar"], /none, gzip, snappy, lz4, zstd/],
    ["an empty separator", ["produce", "orders", "--key-separator", ""], /one character or more/],
    ["a header without =", ["produce", "orders", "--header", "till"], /KEY=VALUE/],
    ["a port that is none", ["start", "--port", "many"], /--port.*see: tidelog config --help/],
    [
      "an alter that alters nothing",
      ["topics", "alter", "orders"],
      /--partitions N, --config K=V or --remove-config K/,
    ],
    ["a config given twice", ["topics", "create", "o", "--config", "a=1", "--config", "a=2"], /a is given twice/],
    ["a reset to nowhere", ["groups", "reset-offsets", "g"], /say where to, once/],
    ["a reset to two places", ["groups", "reset-offsets", "g", "--to-end", "--to-offset", "1"], /say where to, once/],
    ["a partition of no topic", ["groups", "reset-offsets", "g", "--to-end", "--partition", "1"], /needs one --topic/],
    ["a shift by half", ["groups", "reset-offsets", "g", "--shift-by=-0.5"], /whole number, such as -100/],
    ["an endpoint that is none", ["topics", "list", "--endpoint", "here"], /expected a URL like http:/],
  ])("is one line with the next step, and exit code 2: %s", async (_, args, line) => {
    const told = explainError(await endOf(program().parseAsync(args, { from: "user" })));
    expect(told).toEqual({ exitCode: 2, line: expect.stringMatching(line) });
    expect(told.line).not.toContain("\n");
  });
});
