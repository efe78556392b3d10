import type { Anomaly, PromiseName } from "../anomaly.ts";
import type { SeedPool } from "../seed-pool.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** How a search for a planted bug has ended. */
export interface Caught {
  /** How many were run, the one that showed it included. */
  readonly seeds: number;
  /** Under a promise that the bug breaks, under another's name, or not at all. */
  readonly as: "expected" | "other" | "unseen";
  readonly promise: PromiseName | undefined;
  /** Whether the same seed is without anomaly when the bug is not there. */
  readonly clean: boolean;
}

/** The first, but for those who wait in vain, when something else tells what for. */
export function tellingOf(anomalies: readonly Anomaly[]): Anomaly | undefined {
  return anomalies.find(({ promise }) => promise !== "Liveness") ?? anomalies[0];
}

/** Runs seed after seed with the bug until one breaks a promise, and that one without it. */
export async function lookForBug(
  pool: SeedPool,
  bug: PlantedBug,
  { from, most }: { readonly from: number; readonly most: number },
): Promise<Caught> {
  const job = { profile: bug.profile ?? "mixed", without: [] };
  for (let seeds = 1; seeds <= most; seeds++) {
    const seed = from + seeds - 1;
    const { anomalies } = await pool.run({ ...job, seed, bug: bug.name });
    const told = tellingOf(anomalies);
    if (told === undefined) continue;
    const { anomalies: without } = await pool.run({ ...job, seed, bug: undefined });
    const as = bug.promises.includes(told.promise) ? "expected" : "other";
    return { seeds, as, promise: told.promise, clean: without.length === 0 };
  }
  return { seeds: most, as: "unseen", promise: undefined, clean: true };
}
