import { expect, test } from "vitest";
import { simulate } from "../simulation.ts";
import { brokerStarter } from "../start-broker.ts";

const SEEDS = 6;

test("the SDK's own clients take part, and what they are told is judged", async () => {
  let published = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { trace, anomalies } = await simulate(seed, brokerStarter());
    published += trace.filter((line) => line.includes("is published at")).length;
    expect({ seed, anomalies }).toEqual({ seed, anomalies: [] });
  }
  expect(published).toBeGreaterThan(100);
});
