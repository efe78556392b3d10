import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ROOMS } from "../support/tidy/layering.ts";
import { projectRoot } from "../support/tidy/source-tree.ts";

const documents = globSync(["*.md", "docs/**/*.md"], { cwd: projectRoot }).sort();
const read = (file: string): string => readFileSync(path.join(projectRoot, file), "utf8");
const architecture = read("docs/architecture.md");

/** A heading's anchor as GitHub makes it. */
function anchorsOf(text: string): readonly string[] {
  const headings = text.match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function brokenLinks(file: string): readonly string[] {
  const prose = read(file).replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [name = "", anchor] = target.split("#");
    const linked = name === "" ? file : path.join(path.dirname(file), name);
    if (!existsSync(path.join(projectRoot, linked))) return true;
    return anchor !== undefined && !anchorsOf(read(linked)).includes(anchor);
  });
}

/** The cells of the table's rows whose header begins like this. */
function tableOf(text: string, header: string): readonly (readonly string[])[] {
  const [, , ...rows] =
    text
      .slice(text.indexOf(header))
      .split(/\n(?!\|)/)[0]
      ?.split("\n") ?? [];
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("documents", () => {
  test.each(documents)("%s links to nothing that is not there", (file) => {
    expect(brokenLinks(file)).toEqual([]);
  });
});

test("the npm scripts that documents name exist", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const named = documents.flatMap((file) =>
    [...read(file).matchAll(/\bnpm run ([a-z:]+)/g)].map((match) => match[1] ?? ""),
  );
  expect(new Set(named)).toContain("check");
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

describe("docs/architecture.md", () => {
  test("shows the rooms and their imports as the tidy test enforces them", () => {
    const everythingBut = (...rooms: string[]) => Object.keys(ROOMS).filter((room) => !rooms.includes(room));
    const adapters = Object.keys(ROOMS).filter((room) => room.startsWith("adapters/"));
    const shown = tableOf(architecture, "| room of").map(([room = "", , imports = ""]) => {
      const name = room.replaceAll("`", "");
      if (imports === "all but aws and cli") return [name, new Set(everythingBut("base", "local", "aws", "cli"))];
      const named = imports === "" ? [] : imports.split(", ");
      return [name, new Set(named.flatMap((each) => (each === "adapters" ? adapters : [each])))];
    });
    const enforced = Object.entries(ROOMS).map(([room, imports]) => [room, new Set(imports)] as const);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(enforced));
  });

  test("names for each budget the test that counts it", () => {
    const source = read("test/contract/budgets.test.ts");
    const budgets = tableOf(architecture, "| what | budget");
    expect(budgets.length).toBeGreaterThan(5);
    const missing = budgets.filter(([, , name = ""]) => !source.includes(`"${name}"`));
    expect(missing).toEqual([]);
  });

  test("knows the promises that the simulator judges by", () => {
    const named = tableOf(architecture, "| promise").map(([name]) => name);
    const judged = tableOf(read("docs/simulation.md"), "| promise").map(([name]) => name);
    expect(judged.length).toBeGreaterThan(5);
    expect(judged.filter((name) => name !== "Invariant" && !named.includes(name))).toEqual([]);
  });
});

test("decision notes are numbered without a gap, and say context, decision and consequences", () => {
  const notes = globSync("docs/decisions/*.md", { cwd: projectRoot }).sort();
  for (const [index, file] of notes.entries()) {
    const text = read(file);
    expect(path.basename(file)).toMatch(new RegExp(`^${String(index + 1).padStart(4, "0")}-`));
    expect(text.split("\n")[0]).toMatch(new RegExp(`^# ${index + 1}\\. `));
    const parts = (text.match(/^## .*$/gm) ?? []).map((heading) => heading.slice(3));
    expect(parts, file).toEqual(expect.arrayContaining(["Context", "Decision", "Consequences"]));
  }
});
