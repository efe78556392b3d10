/**
 * Where a search for a planted bug is short: the first seed that shows it, of those that take a few. Made by
 * `scripts/planted-bugs.ts`, which tells them. Another course of the engine makes searches longer, never wrong.
 */
export const knownSeeds: Readonly<Record<string, number>> = {
  "commit-ignores-producer-value": 5,
  "put-is-not-waited-for": 5,
  "one-owner-asked": 4,
  "swap-overwrites-what-is-newer": 5,
  "member-forgotten": 6,
  "restore-keeps-epochs": 6,
  "restore-does-not-leap": 6,
  "restore-loses-a-segment": 6,
  "partition-not-let-go": 6,
  "fenced-consumer-goes-on": 22,
  "position-kept": 22,
};
