import { expect, test } from "vitest";
import { defaultGroupSettings, groupSettings } from "../../../lib/groups/group-settings.ts";

test("times that nobody sets are Kafka's", () => {
  expect(groupSettings({})).toEqual(defaultGroupSettings);
  expect(groupSettings({ groupSessionTimeoutMs: 30_000 })).toMatchObject({
    sessionTimeoutMs: 30_000,
    heartbeatIntervalMs: 5000,
  });
});

test("heartbeats so rare that one lost would end a session are refused", () => {
  expect(() => groupSettings({ groupSessionTimeoutMs: 14_000 })).toThrow(/groupHeartbeatIntervalMs is 5000.*14000/);
  expect(groupSettings({ groupSessionTimeoutMs: 15_000 }).heartbeatIntervalMs).toBe(5000);
});
