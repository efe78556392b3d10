import { codeOf, type SourceFile, specifiersOf } from "./source-tree.ts";

/** Something that must not stand in a file, except where `allowed` says so, and what to use in its place. */
interface Ban {
  readonly what: RegExp;
  readonly instead: string;
  /** Beginnings of paths. */
  readonly allowed: readonly string[];
}

const CLOCK = "the Clock of lib/base/clock.ts: the simulator runs the engine on a virtual one";
const RANDOM = "the Random of lib/base/random.ts: the simulator seeds it";
const FILES = "the ports of lib/storage: only the embedded adapter, config and the CLI's file arguments touch files";

/** In the code of `lib`, comments aside. */
const CODE_BANS: readonly Ban[] = [
  { what: /\bDate\.now\b/, instead: CLOCK, allowed: ["lib/base/"] },
  { what: /\bnew Date\(\s*\)/, instead: CLOCK, allowed: ["lib/base/"] },
  { what: /\bperformance\.now\b|\bprocess\.(hrtime|uptime)\b/, instead: CLOCK, allowed: ["lib/base/"] },
  { what: /(?<![.\w])(setTimeout|setInterval|setImmediate)\b/, instead: CLOCK, allowed: ["lib/base/"] },
  { what: /\bAbortSignal\.timeout\b/, instead: CLOCK, allowed: ["lib/base/"] },
  { what: /\bMath\.random\b/, instead: RANDOM, allowed: ["lib/base/"] },
  {
    what: /\b(randomBytes|randomUUID|randomInt|randomFill|randomFillSync|getRandomValues)\b/,
    instead: RANDOM,
    allowed: ["lib/base/"],
  },
  { what: /\bprocess\.env\b/, instead: "lib/config, the only reader of the environment", allowed: ["lib/config/"] },
  { what: /\bconsole\./, instead: "the Logger of lib/base/logger.ts", allowed: ["lib/cli/"] },
  { what: /(:|<|\bas|\|)\s*any\b|\bany\[\]/, instead: "unknown, and a check", allowed: [] },
  { what: /^\s*(enum|namespace)\s/m, instead: "a union of literals, or a module", allowed: [] },
];

const IMPORT_BANS: readonly Ban[] = [
  { what: /^(node:)?fs(\/promises)?$/, instead: FILES, allowed: ["lib/adapters/embedded/", "lib/config/", "lib/cli/"] },
  { what: /^node:sqlite$/, instead: FILES, allowed: ["lib/adapters/embedded/"] },
  { what: /^node:(timers(\/promises)?|perf_hooks)$/, instead: CLOCK, allowed: ["lib/base/"] },
  { what: /^(@aws-sdk|@smithy)\//, instead: "the ports of lib/storage", allowed: ["lib/adapters/aws/"] },
  { what: /^vitest$|^fast-check$/, instead: "nothing: tests belong in test/", allowed: [] },
];

function breachesOf(file: SourceFile, bans: readonly Ban[], texts: readonly string[]): string[] {
  return bans
    .filter(({ allowed }) => !allowed.some((beginning) => file.path.startsWith(beginning)))
    .flatMap(({ what, instead }) => {
      const found = texts.map((text) => what.exec(text)?.[0].trim()).find((match) => match !== undefined);
      return found === undefined ? [] : [`${file.path} uses ${found}: use ${instead}`];
    });
}

/** What `lib` must not use, with its substitute. */
export function banBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...breachesOf(file, CODE_BANS, [codeOf(file.text)]),
    ...breachesOf(file, IMPORT_BANS, specifiersOf(file.text)),
  ]);
}

// Written in two parts, so that this file does not trip over itself.
const MARKERS = new RegExp(["TO" + "DO", "FIX" + "ME", "X" + "XX"].map((word) => `\\b${word}\\b`).join("|"));
const TS_SILENCED = new RegExp(`@ts-(ign${"ore"}|noch${"eck"})`);
const TS_EXPECTED = new RegExp(`@ts-expect-${"error"}(?![ :]+\\S.{10,})`);
const LINT_SILENCED = new RegExp(`biome-${"ignore"}(?!(-all|-start|-end)? \\S+: \\S.{10,})`);

/** Work left undone, and checks silenced without a reason. */
export function unfinishedMarks(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    [MARKERS, TS_SILENCED, TS_EXPECTED, LINT_SILENCED]
      .map((mark) => mark.exec(text)?.[0])
      .filter((mark) => mark !== undefined)
      .map((mark) => `${path} holds ${mark}: finish it, or give the reason`),
  );
}
