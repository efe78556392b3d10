import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CommandLine } from "../support/command-line.ts";
import { recordFigures } from "../support/figures.ts";
import { realTextLines } from "../support/real-text.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LINES = 120_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let cli: CommandLine;

beforeAll(async () => {
  directory = await temporaryDirectory();
  cli = new CommandLine(directory.path);
  const [url] = await cli.start(["start", "--data-dir", "data", "--port", "0"]).shows(/http:\/\/127\.0\.0\.1:\d+/);
  cli.endpoint = url;
});
afterAll(async () => {
  await cli.endAll();
  await directory.remove();
});

test("a real file published with `produce` comes back from `consume` byte for byte", async () => {
  const file = Buffer.from(`${realTextLines(LINES).join("\n")}\n`);
  await writeFile(join(directory.path, "text"), file);
  await cli.run(["topics", "create", "lines", "--partitions", "1"]);
  const produced = await cli.run(["produce", "lines", "--file", "text"]);
  expect(produced.code).toBe(0);
  const consumed = await cli.run(["consume", "lines", "--from-beginning", "--exit-at-end"]);
  expect(consumed.code).toBe(0);
  recordFigures({ "lines of the file": LINES, "bytes of the file": file.byteLength });
  expect(consumed.stdout.equals(file)).toBe(true);
});
