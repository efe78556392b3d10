import { expect, test } from "vitest";
import type { StartBroker } from "./cluster.ts";
import { plantedBugs } from "./planted/planted-bugs.ts";
import { shrink } from "./shrink.ts";
import { type RunResult, type SimulateOptions, simulate } from "./simulation.ts";
import { brokerStarter } from "./start-broker.ts";

const SEEDS_MAX = 30;
const TIMEOUT_MS = 240_000;

test(
  "a failing seed shrinks to a smaller story that breaks the same promise",
  async () => {
    const start = brokerStarter(plantedBugs.find(({ name }) => name === "producer-window-of-one"));
    const whole = await firstThatFails(start);
    const shrunk = await shrink(whole.seed, start);
    expect(shrunk?.promise).toBe(whole.anomalies[0]?.promise);
    expect(shrunk?.result.operations).toBeLessThan(whole.operations / 2);
    const replayed: SimulateOptions = { without: shrunk?.without ?? [], edit: (story) => shrunk?.story ?? story };
    const { anomalies, trace } = await simulate(whole.seed, start, replayed);
    expect(anomalies.map(({ promise }) => promise)).toContain(whole.anomalies[0]?.promise);
    expect(trace.join("\n")).toBe(shrunk?.result.trace.join("\n"));
  },
  TIMEOUT_MS,
);

test("a clean seed has nothing to shrink", async () => {
  expect(await shrink(1, brokerStarter())).toBeUndefined();
});

async function firstThatFails(start: StartBroker): Promise<RunResult> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const result = await simulate(seed, start);
    if (result.anomalies.length > 0) return result;
  }
  throw new Error(`none of ${SEEDS_MAX} seeds fails`);
}
