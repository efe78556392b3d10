import type { SegmentName } from "../../storage/object-keys.ts";

export type TilingCandidate = Pick<SegmentName, "base" | "end" | "stamp" | "unique">;

/** How good a choice is: offsets covered before all; then how new what covers them is, offset by offset. */
interface Worth {
  readonly covered: number;
  readonly newness: bigint;
}

/**
 * Of segments that may overlap, those without overlap that cover the most offsets; among equals, those whose stamps,
 * each counted for every offset that its segment covers, sum up to the most. Overlaps are what lost rolls and merges
 * and not yet collected inputs leave: what really stood in the index is always among the choices, and whatever else
 * covers as much holds the same records. In order of offsets.
 */
export function chooseTiling<Candidate extends TilingCandidate>(candidates: readonly Candidate[]): Candidate[] {
  const byEnd = [...candidates].filter(({ base, end }) => base < end).sort(inOrder);
  const worths: Worth[] = [{ covered: 0, newness: 0n }];
  const taken: boolean[] = [];
  for (const [index, candidate] of byEnd.entries()) {
    const without = worths[index] as Worth;
    const before = worths[endingAtOrBelow(byEnd, candidate.base)] as Worth;
    const length = candidate.end - candidate.base;
    const within = {
      covered: before.covered + length,
      newness: before.newness + BigInt(length) * BigInt(candidate.stamp),
    };
    taken.push(isBetter(within, without));
    worths.push(taken[index] ? within : without);
  }
  const chosen: Candidate[] = [];
  for (let index = byEnd.length; index > 0; ) {
    const candidate = byEnd[index - 1] as Candidate;
    if (taken[index - 1]) chosen.push(candidate);
    index = taken[index - 1] ? endingAtOrBelow(byEnd, candidate.base) : index - 1;
  }
  return chosen.reverse();
}

function isBetter(one: Worth, other: Worth): boolean {
  return one.covered > other.covered || (one.covered === other.covered && one.newness > other.newness);
}

/** By end; then such that the choice never depends on the order in which they were listed. */
function inOrder(a: TilingCandidate, b: TilingCandidate): number {
  return a.end - b.end || a.base - b.base || b.stamp - a.stamp || (a.unique < b.unique ? -1 : 1);
}

/** How many of the candidates end at or below `offset`: by halving. */
function endingAtOrBelow(byEnd: readonly TilingCandidate[], offset: number): number {
  let low = 0;
  let high = byEnd.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((byEnd[middle] as TilingCandidate).end <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
