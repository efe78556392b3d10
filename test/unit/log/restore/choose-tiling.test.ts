import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Stamp } from "../../../../lib/base/ids.ts";
import { chooseTiling, type TilingCandidate } from "../../../../lib/log/restore/choose-tiling.ts";

const candidate = (base: number, end: number, stamp: number, unique = "a"): TilingCandidate => ({
  base,
  end,
  stamp: stamp as Stamp,
  unique,
});
const shown = (chosen: readonly TilingCandidate[]): string[] =>
  chosen.map(({ base, end, stamp }) => `${base}-${end}@${stamp}`);

describe("the choice among overlapping segments", () => {
  test("takes the merge and not its inputs, which are not yet collected", () => {
    const inputs = [candidate(0, 5, 1), candidate(5, 9, 2)];
    expect(shown(chooseTiling([...inputs, candidate(0, 9, 3)]))).toEqual(["0-9@3"]);
  });

  test("takes what covers more, though a roll that lost its swap is newer", () => {
    expect(shown(chooseTiling([candidate(0, 9, 5), candidate(0, 12, 4), candidate(12, 20, 6)]))).toEqual([
      "0-12@4",
      "12-20@6",
    ]);
  });

  test("takes a compacted part rather than a merge that lost its swap before", () => {
    const parts = [candidate(0, 50, 1), candidate(50, 100, 2), candidate(0, 50, 9)];
    expect(shown(chooseTiling([...parts, candidate(0, 100, 3)]))).toEqual(["0-50@9", "50-100@2"]);
  });

  test("keeps what lies on both sides of a gap", () => {
    expect(shown(chooseTiling([candidate(30, 40, 1), candidate(0, 10, 2)]))).toEqual(["0-10@2", "30-40@1"]);
  });

  test("covers as much as any choice, with nothing newer possible, and does not depend on the listing's order", () => {
    const arbitrary = fc.array(
      fc.record({ base: fc.nat(12), length: fc.integer({ min: 1, max: 8 }), stamp: fc.integer({ min: 1, max: 9 }) }),
      { maxLength: 9 },
    );
    fc.assert(
      fc.property(arbitrary, fc.nat(), (ranges, turn) => {
        const all = ranges.map(({ base, length, stamp }, at) => candidate(base, base + length, stamp, String(at)));
        const chosen = chooseTiling(all);
        for (const [at, { base }] of chosen.entries()) expect(base).toBeGreaterThanOrEqual(chosen[at - 1]?.end ?? 0);
        expect(worthOf(chosen)).toEqual(best(all));
        const shift = all.length === 0 ? 0 : turn % all.length;
        expect(chooseTiling([...all.slice(shift), ...all.slice(0, shift)])).toEqual(chosen);
      }),
      { numRuns: 500 },
    );
  });
});

function worthOf(chosen: readonly TilingCandidate[]): [number, number] {
  const sum = (of: (each: TilingCandidate) => number): number => chosen.reduce((total, each) => total + of(each), 0);
  return [sum(({ base, end }) => end - base), sum(({ base, end, stamp }) => (end - base) * stamp)];
}

/** The best of all subsets without overlap. */
function best(all: readonly TilingCandidate[]): [number, number] {
  let most: [number, number] = [0, 0];
  for (let subset = 0; subset < 2 ** all.length; subset++) {
    const chosen = all.filter((_, at) => (subset >> at) % 2 === 1).sort((a, b) => a.base - b.base);
    if (chosen.some(({ base }, at) => base < (chosen[at - 1]?.end ?? 0))) continue;
    const worth = worthOf(chosen);
    if (worth[0] > most[0] || (worth[0] === most[0] && worth[1] > most[1])) most = worth;
  }
  return most;
}
