import { expect, test } from "vitest";
import { plantedBugs } from "./planted/planted-bugs.ts";
import { simulate } from "./simulation.ts";
import { brokerStarter, optionsOf } from "./start-broker.ts";

/** The rarest needs a request that arrives in the very moment in which its sender looks for it. */
const SEEDS_MAX = 60;
const TIMEOUT_MS = 240_000;

test.each(plantedBugs)(
  "$name is caught, by the name of a promise that it breaks",
  async (bug) => {
    const from = bug.from ?? 1;
    for (let seed = from; seed < from + SEEDS_MAX; seed++) {
      const { anomalies } = await simulate(seed, brokerStarter(bug), { ...optionsOf(bug), traced: false });
      const [first] = anomalies;
      if (first === undefined) continue;
      expect({ seed, first, expected: bug.promises }).toSatisfy(() => bug.promises.includes(first.promise));
      expect((await simulate(seed, brokerStarter(), { traced: false })).anomalies).toEqual([]);
      return;
    }
    expect.unreachable(`${bug.name} went unseen through ${SEEDS_MAX} seeds`);
  },
  TIMEOUT_MS,
);
