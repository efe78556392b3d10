import { expect, test } from "vitest";
import { byLength } from "../support/test-length.ts";
import { simulate } from "./simulation.ts";
import { brokerStarter } from "./start-broker.ts";

const SEEDS = byLength({ quick: 24, short: 100, full: 5000 });
const TIMEOUT_MS = 240_000;

test(
  `the engine keeps every promise through ${SEEDS} seeds`,
  async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { anomalies } = await simulate(seed, brokerStarter(), { traced: false });
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
