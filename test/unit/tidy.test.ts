import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { banBreaches, unfinishedMarks } from "../support/tidy/bans.ts";
import { deadFiles, importCycles, layeringBreaches, outerBreaches } from "../support/tidy/layering.ts";
import { poorNames, tooLong } from "../support/tidy/shape.ts";
import { projectRoot, type SourceFile, sourceTree, specifiersOf } from "../support/tidy/source-tree.ts";

const lib = sourceTree("lib");
const scripts = sourceTree("scripts");
const functions = sourceTree("lambda");
const infra = sourceTree("infra");
const everything = [...lib, ...scripts, ...functions, ...infra, ...sourceTree("bin", "test")];

/** What no door leads to, and why it is there all the same. */
const REACHED_BY_TESTS_ONLY: Readonly<Record<string, string>> = {
  "lib/adapters/embedded/inline-item-table.ts": "SQLite without a thread, to compare the threaded one with",
  "lib/records/place-batch.ts": "how the reference logs of the tests give offsets",
};

/** The functions' entries, of which each becomes a bundle, and the CDK's app. */
const ENTRIES = ["lambda/api.ts", "lambda/roller.ts", "lambda/janitor.ts", "infra/app.ts"];

/** The source files behind the package's doors and its command, the functions, and the project's own scripts. */
function doors(): string[] {
  const manifest = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8")) as {
    exports: Record<string, string | { default: string }>;
  };
  const exported = Object.values(manifest.exports).flatMap((door) => (typeof door === "string" ? [] : [door.default]));
  const published = [...exported, "./dist/cli/main.js"];
  const sources = published.map((file) =>
    file.replace("./dist/", "lib/").replace("lib/infra/", "infra/").replace(/\.js$/, ".ts"),
  );
  return [...sources, ...ENTRIES, ...scripts.map((script) => script.path)];
}

describe("the tree", () => {
  test("is all there to be checked", () => {
    expect(lib.length).toBeGreaterThan(50);
  });
  test("imports point down, and rooms of one rank do not import each other", () => {
    expect(layeringBreaches(lib)).toEqual([]);
  });
  test("functions import the rooms that they put together, and the construct nothing of the engine", () => {
    expect(outerBreaches([...functions, ...infra])).toEqual([]);
  });
  test("no imports run in a circle", () => {
    expect(importCycles([...lib, ...functions, ...infra])).toEqual([]);
  });
  test("time, randomness, files, environment and console are used only where they belong", () => {
    expect(banBreaches(lib)).toEqual([]);
  });
  test("nothing is left undone, and no check is silenced without a reason", () => {
    expect(unfinishedMarks(everything)).toEqual([]);
  });
  test("no file is longer than it may be", () => {
    expect(tooLong(everything)).toEqual([]);
  });
  test("every file has a name that says what it is", () => {
    expect(poorNames(everything)).toEqual([]);
  });
  test("every file of lib and lambda is reached from a door of the package, but for those that say why not", () => {
    const dead = deadFiles([...lib, ...scripts, ...functions, ...infra], doors());
    expect(new Set(dead)).toEqual(new Set(Object.keys(REACHED_BY_TESTS_ONLY)));
  });
});

describe("the rules", () => {
  const file = (name: string, ...lines: readonly string[]): SourceFile => ({ path: name, text: lines.join("\n") });

  test("imports are found in every form, and not in comments", () => {
    const source = file(
      "lib/log/a.ts",
      'import type { A } from "./a.ts";',
      "import {",
      "  b,",
      '} from "./b.ts";',
      'export * from "./c.ts";',
      'import "./d.ts";',
      'const e = await import("./e.ts");',
      'const worker = new URL("./w.ts", import.meta.url);',
      '// import f from "./f.ts";',
      "/**",
      ' * import { Tidelog } from "./g.ts";',
      " */",
      'const url = "http://x/"; const text = "from ./h.ts";',
    );
    expect(specifiersOf(source.text)).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./w.ts"]);
  });

  test.each([
    ["up", file("lib/log/a.ts", 'import { b } from "../service/b.ts";')],
    ["sideways", file("lib/http/a.ts", 'import { b } from "../client/b.ts";')],
    ["from one adapter to another", file("lib/adapters/memory/a.ts", 'import { b } from "../embedded/b.ts";')],
    ["out of base", file("lib/base/a.ts", 'import { b } from "../records/b.ts";')],
    ["out of lib", file("lib/log/a.ts", 'import { b } from "../../test/b.ts";')],
    ["from outside every room", file("lib/extras/a.ts", "")],
  ])("an import %s is a breach", (_, source) => {
    expect(layeringBreaches([source])).toHaveLength(1);
  });

  test("an import down is none", () => {
    expect(layeringBreaches([file("lib/service/a.ts", 'import { b } from "../log/b.ts";')])).toEqual([]);
  });

  test.each([
    ["a function of the local server", file("lambda/a.ts", 'import { b } from "../lib/local/b.ts";')],
    ["a function of the SDK", file("lambda/a.ts", 'import { b } from "../lib/client/b.ts";')],
    ["a function of the construct", file("lambda/a.ts", 'import { b } from "../infra/b.ts";')],
    ["the construct of the engine", file("infra/a.ts", 'import { b } from "../lib/config/b.ts";')],
    ["the construct of a function", file("infra/a.ts", 'import { b } from "../lambda/b.ts";')],
  ])("an import by %s is a breach", (_, source) => {
    expect(outerBreaches([source])).toHaveLength(1);
  });

  test("an import by a function of the service, or of its own room, is none", () => {
    const lines = ['import { b } from "../lib/service/b.ts";', 'import { c } from "./c.ts";'];
    expect(outerBreaches([file("lambda/a.ts", ...lines)])).toEqual([]);
  });

  test("a circle of three is found, a diamond is none", () => {
    const chain = (from: string, ...to: string[]) =>
      file(`lib/log/${from}.ts`, ...to.map((target) => `import { x } from "./${target}.ts";`));
    expect(importCycles([chain("a", "b"), chain("b", "c"), chain("c", "a")])).toEqual([
      "lib/log/a.ts -> lib/log/b.ts -> lib/log/c.ts -> lib/log/a.ts",
    ]);
    expect(importCycles([chain("a", "b", "c"), chain("b", "d"), chain("c", "d"), chain("d")])).toEqual([]);
  });

  test.each([
    "const at = Date.now();",
    "const at = new Date();",
    "const at = performance.now();",
    "setTimeout(run, 1);",
    "AbortSignal.timeout(1);",
    "Math.random();",
    'import { randomBytes } from "node:crypto";',
    'import { readFileSync } from "node:fs";',
    'import { DatabaseSync } from "node:sqlite";',
    'import { S3Client } from "@aws-sdk/client-s3";',
    "process.env.HOME;",
    'console.log("x");',
    "let x: any;",
  ])("%s is banned in the engine, with a substitute named", (line) => {
    expect(banBreaches([file("lib/log/a.ts", line)])[0]).toMatch(/: use .+/);
  });

  test("a banned word in a comment, and a method of that name, are no breach", () => {
    const source = file("lib/log/a.ts", "// Date.now() is banned", "socket.setTimeout(1);", "const t = new Date(ms);");
    expect(banBreaches([source])).toEqual([]);
  });

  test.each([
    "// TO" + "DO: later",
    "// @ts-ign" + "ore",
    "// @ts-expect-" + "error",
    "// biome-" + "ignore lint/x: no",
  ])("%s does not pass", (line) => {
    expect(unfinishedMarks([file("lib/log/a.ts", line)])).toHaveLength(1);
  });

  test("a file of 401 lines is too long", () => {
    expect(tooLong([file("lib/log/a.ts", ...Array<string>(400).fill("x"))])).toEqual([]);
    expect(tooLong([file("lib/log/a.ts", ...Array<string>(401).fill("x"))])).toHaveLength(1);
  });

  test.each(["lib/base/utils.ts", "lib/log/log-helpers.ts", "lib/common/a.ts", "lib/log/RollManager.ts"])(
    "%s is a poor name",
    (name) => {
      expect(poorNames([file(name)])).toHaveLength(1);
    },
  );

  test("a file that only another dead file imports is dead", () => {
    const files = [
      file("lib/log/a.ts", 'import "./b.ts";'),
      file("lib/log/b.ts"),
      file("lib/log/c.ts", 'import "./d.ts";'),
    ];
    expect(deadFiles([...files, file("lib/log/d.ts")], ["lib/log/a.ts"])).toEqual(["lib/log/c.ts", "lib/log/d.ts"]);
  });
});
