/**
 * Where a search for a planted bug is short: the first seed that shows it, of those that take a few. Made by
 * `scripts/planted-bugs.ts`, which tells them. Another course of the engine makes searches longer, never wrong.
 */
export const knownSeeds: Readonly<Record<string, number>> = {
  "store-repeats-updates": 17,
  "put-is-not-waited-for": 5,
  "own-id-taken-as-failure": 17,
  "collection-by-age-alone": 49,
  "horizon-lowered": 7,
  "swap-overwrites-what-is-newer": 15,
  "compaction-undone-by-a-merge": 12,
  "swap-ignores-control-horizon": 20,
  "ids-forgotten-too-early": 17,
  "segment-names-not-unique": 20,
  "group-written-over": 6,
  "member-forgotten": 6,
  "restore-keeps-epochs": 9,
  "restore-does-not-leap": 9,
  "restore-loses-a-segment": 9,
};
