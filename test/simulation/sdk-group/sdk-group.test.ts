import { expect, test } from "vitest";
import { type Profile, profiles } from "../profiles.ts";
import { simulate } from "../simulation.ts";
import { brokerStarter } from "../start-broker.ts";

const SEEDS = 12;
const edit = profiles.group as Profile;
/** What has to happen to members somewhere in so many seeds, as the timeline tells it. */
const HAPPENINGS = ["is assigned", "is revoked", "loses", "is given", "closes", "crashes", "freezes", "commit 1 of"];

test("the SDK's group consumers take part, whatever happens to them, and keep every promise", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { trace, anomalies } = await simulate(seed, brokerStarter(), { edit });
    const lines = trace.filter((line) => line.includes("sdk-member-"));
    for (const what of HAPPENINGS) if (lines.some((line) => line.includes(what))) seen.add(what);
    expect({ seed, anomalies }).toEqual({ seed, anomalies: [] });
  }
  expect([...seen].sort()).toEqual([...HAPPENINGS].sort());
});

test("the same seed takes a group's members the same way twice", async () => {
  const first = await simulate(2, brokerStarter(), { edit });
  const second = await simulate(2, brokerStarter(), { edit });
  expect(first.trace.some((line) => line.includes("is given"))).toBe(true);
  expect(second.trace.join("\n")).toBe(first.trace.join("\n"));
});
