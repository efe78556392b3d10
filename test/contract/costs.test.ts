import { describe, expect, test } from "vitest";
import { lifeOfLoad } from "../bench/cost/life-of-load.ts";
import type { ProduceLoad } from "../bench/cost/produce-load.ts";
import { recordFigures } from "../support/figures.ts";

/* The aims of docs/costs.md, on loads that are as short as they can be: longer ones cost less. */
const MILLION = 1_000_000;
const MIB = 1024 * 1024;
const scale = { processorMs: () => 1 };
const steady = { producers: 4, partitions: 1, partitionsPerRequest: 1, shape: "steady" } as const;

async function perMillion(load: Omit<ProduceLoad, keyof typeof steady>): Promise<number> {
  const { dollars, requests } = await lifeOfLoad("in-process", { ...steady, ...load }, scale);
  return (dollars.total / requests) * MILLION;
}

describe("a million requests in-process, everything included", () => {
  test.each([
    ["512 B", 512, 2.75],
    ["1 KiB", 1024, 4],
  ])("of %s cost no more than is promised", async (name, valueBytes, most) => {
    const dollars = await perMillion({ valueBytes, requestsPerSecond: 20, durationMs: 200_000 });
    recordFigures({ [`${name} in-process: $ per million`]: Number(dollars.toFixed(2)) });
    expect(dollars).toBeLessThanOrEqual(most);
  });

  test("of 1 MiB cost no more than $0.007 per GiB", async () => {
    const dollars = (await perMillion({ valueBytes: MIB, requestsPerSecond: 4, durationMs: 96_000 })) / 1e6;
    recordFigures({ "1 MiB in-process: $ per GiB": Number((dollars * 1024).toFixed(5)) });
    expect(dollars * 1024).toBeLessThanOrEqual(0.007);
  });
});

test("a request to many partitions puts as many objects as one to a single partition", async () => {
  const puts = async (partitions: number, valueBytes: number): Promise<number> => {
    const load = { ...steady, valueBytes, requestsPerSecond: 1, durationMs: 3000 };
    const life = await lifeOfLoad("in-process", { ...load, partitions, partitionsPerRequest: partitions }, scale);
    return life.stagedObjects / life.requests;
  };
  expect(await puts(1, 100_000)).toBe(1);
  // Each piece would fit an item of its own; together they would cost more than an object.
  expect(await puts(100, 1000)).toBe(1);
});
