import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { byLength } from "../support/test-length.ts";
import { SeedPool } from "./seed-pool.ts";
import { simulate } from "./simulation.ts";
import { brokerStarter } from "./start-broker.ts";

/** The soak runs many more when its suites are over, for as long as it has time. */
const SEEDS = byLength({ quick: 200, short: 200, full: 1000 });
const TIMEOUT_MS = byLength({ quick: 5, short: 10, full: 60 }) * 60_000;

test(
  `the engine keeps every promise through ${SEEDS} seeds`,
  async () => {
    const pool = new SeedPool(availableParallelism());
    const job = { bug: undefined, profile: "mixed", without: [] };
    const seeds = Array.from({ length: SEEDS }, (_, at) => at + 1);
    const runs = await Promise.all(seeds.map((seed) => pool.run({ ...job, seed })));
    await pool.close();
    for (const { seed, anomalies } of runs) {
      expect({ replay: `npm run simulate -- --seed ${seed}`, anomalies }).toMatchObject({ anomalies: [] });
    }
  },
  TIMEOUT_MS,
);

test("the same seed takes the engine the same way twice, byte for byte", async () => {
  for (const seed of [3, 4]) {
    const first = await simulate(seed, brokerStarter());
    const second = await simulate(seed, brokerStarter());
    expect(second.trace.join("\n")).toBe(first.trace.join("\n"));
    expect(first.operations).toBeGreaterThan(100);
  }
});
