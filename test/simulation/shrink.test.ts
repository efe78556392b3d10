import { expect, test } from "vitest";
import { plantedBugs } from "./planted/planted-bugs.ts";
import { shrink } from "./shrink.ts";
import { type SimulateOptions, simulate } from "./simulation.ts";
import { brokerStarter } from "./start-broker.ts";

const SEED = 1;
const TIMEOUT_MS = 240_000;

test(
  "a failing seed shrinks to a smaller story that breaks the same promise",
  async () => {
    const start = brokerStarter(plantedBugs.find(({ name }) => name === "put-is-not-waited-for"));
    const whole = await simulate(SEED, start);
    const shrunk = await shrink(SEED, start);
    expect(shrunk?.promise).toBe(whole.anomalies[0]?.promise);
    expect(shrunk?.result.operations).toBeLessThan(whole.operations / 2);
    const replayed: SimulateOptions = { without: shrunk?.without ?? [], edit: (story) => shrunk?.story ?? story };
    const { anomalies, trace } = await simulate(SEED, start, replayed);
    expect(anomalies.map(({ promise }) => promise)).toContain(whole.anomalies[0]?.promise);
    expect(trace.join("\n")).toBe(shrunk?.result.trace.join("\n"));
  },
  TIMEOUT_MS,
);

test("a clean seed has nothing to shrink", async () => {
  expect(await shrink(SEED, brokerStarter())).toBeUndefined();
});
