/** Beginnings of four ranges that stay, far from each other. */
export const FIXED_RANGES = [1, 10_001, 2_000_001, 30_000_001] as const;
const BEYOND = 1_000_000_000;
const SPREAD = 100_000;

/** Where to begin to look for a planted bug: the last follows from a commit's hash, so nobody can have chosen it. */
export function seedRanges(commit: string): readonly number[] {
  const drawn = BEYOND + (Number.parseInt(commit.slice(0, 7), 16) % SPREAD) * SPREAD;
  return [...FIXED_RANGES, drawn];
}
