import { expect, test } from "vitest";
import { present } from "../../lib/base/assert.ts";
import { profiles } from "./profiles.ts";
import { referenceLog } from "./reference-log.ts";
import { simulate } from "./simulation.ts";
import type { Story } from "./story.ts";

const rawClients = present(profiles.raw, "the profile of raw clients");
const noUpkeep = present(profiles.append, "the profile of topics that stay");
/** The reference log answers the raw clients; what else the SDK and upkeep ask of a log it does not have. */
const raw = { edit: (story: Story) => rawClients(noUpkeep(story)) };

test("the simplest correct log is clean under every fault: the simulator accuses nobody wrongly", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { anomalies } = await simulate(seed, async (parts) => referenceLog(parts), raw);
    expect({ seed, anomalies }).toEqual({ seed, anomalies: [] });
  }
});

test("a log that answers before it has stored anything is caught", async () => {
  const { anomalies } = await simulate(
    1,
    async (parts) => {
      const service = referenceLog(parts);
      return {
        ...service,
        produce: async (_context, { partitions }) => ({
          partitions: partitions.map(({ topic, partition }) => {
            return { topic, partition, ok: true, baseOffset: 0, appendTimeMs: -1, logStart: 0 };
          }),
        }),
      };
    },
    raw,
  );
  expect(anomalies.map(({ promise }) => promise)).toContain("AckDurable");
});

test("the same seed takes the same course, byte for byte", async () => {
  for (const seed of [7, 8, 9]) {
    const first = await simulate(seed, async (parts) => referenceLog(parts), raw);
    const second = await simulate(seed, async (parts) => referenceLog(parts), raw);
    expect(second.trace.join("\n")).toBe(first.trace.join("\n"));
    expect(first.trace.length).toBeGreaterThan(50);
  }
});
