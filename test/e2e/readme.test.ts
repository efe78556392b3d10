import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { comparableJson, firstDifference } from "../support/examples/compare-output.ts";
import { type Example, examplesIn } from "../support/examples/example-blocks.ts";
import { buildPackage, Workplace } from "../support/examples/example-workplace.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/*
 * Every fenced block of the documents for users is run, in order, against a real server; see `Workplace` for what
 * stands in for what. A block of `text` or `json` is the output of the example before it, and has to come. What
 * varies (addresses, directories, times, ids) is settled on both sides, runs of blanks count as one, and a line
 * "..." stands for any lines. A block that is no example and no output is refused. `npm start` is what has been
 * called before the first example.
 */
const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const scripts = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;

/** The two commands of the README's first lines. The second runs this very test, so it is only looked at. */
const START = "npm ci && npm start";
const TEST = "npm ci && npm test";

function expectOutput({ output }: Example, came: string): void {
  if (output === undefined) return;
  if (output.language === "json") expect(comparableJson(came)).toEqual(comparableJson(output.text));
  else expect(firstDifference(output.text, came), `of:\n${came}`).toBeUndefined();
}

let built: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  built = await temporaryDirectory();
  await buildPackage(built.path);
});
afterAll(() => built.remove());

describe("README.md", () => {
  test("begins with the two commands, each of which does all of its own set-up", () => {
    const [first, second] = examplesIn(read("README.md"));
    expect([first?.code, second?.code]).toEqual([START, TEST]);
    expect(first?.line).toBeLessThan(10);
    expect(scripts.start).toBe("node bin/tidelog.js start");
    expect(scripts.test).toBe("vitest run");
    expect(scripts.prepare).toBe("npm run build");
  });
});

describe.each(["README.md", "docs/sdk.md", "docs/http-api.md", "docs/cli.md"])("the examples of %s", (file) => {
  const examples = examplesIn(read(file)).filter(({ code }) => code !== START && code !== TEST);
  let place: Workplace;

  beforeAll(async () => {
    place = await Workplace.open(built.path);
    await place.startServer(scripts.start ?? "");
  });
  afterAll(() => place.close());

  test("are taken by a strict compiler", async () => {
    expect(await place.typeErrors(examples)).toBe("");
  });

  test.each(examples.map((example) => [example.line, example] as const))(
    "line %i does what it shows",
    async (_, example) => {
      if (example.code === "npm start") {
        expectOutput(example, place.startOutput);
        return;
      }
      const { code, stdout, stderr } = await place.run(example);
      expect(code, stderr).toBe(0);
      expectOutput(example, stdout);
    },
  );
});
