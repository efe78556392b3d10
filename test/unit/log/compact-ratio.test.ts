import { expect, test } from "vitest";
import { stampAgeMsMax } from "../../../lib/base/limits.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { type KeyedRecord, keyedBatch } from "../../support/log/keyed-records.ts";
import { rollAll } from "../../support/log/segments-of.ts";
import { append, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const put = (key: string, value: string): KeyedRecord => ({ key, value });
const LAST = [put("last", "stays")];

/** Each list of records becomes a segment; time goes on until they may be compacted. */
async function segments(log: TestLog, ref: PartitionRef, batches: readonly (readonly KeyedRecord[])[]): Promise<void> {
  for (const records of batches) {
    await append(log.engine(), ref, await keyedBatch(records));
    await rollAll(log.engine(), ref);
  }
  log.clock.advance(stampAgeMsMax + 1);
}

test("a topic is compacted once more of its bytes than its min.cleanable.dirty.ratio are new", async () => {
  const log = new TestLog();
  const records = [put("a", "1"), put("a", "2")];
  const ref = await log.partition();
  await segments(log, ref, [records, LAST]);
  const compactedAt = async (ratio: string) => {
    const configs = effectiveConfigs({ "cleanup.policy": "compact", "min.cleanable.dirty.ratio": ratio }, {});
    return (await log.engine().upkeep.compact(ref, configs, testCall)) !== undefined;
  };
  expect(await compactedAt("1")).toBe(false);
  expect(await compactedAt("0.99")).toBe(true);
  // One clean record now, and as much again that is new: less than two thirds, more than a third.
  await segments(log, ref, [records.slice(1), LAST]);
  expect(await compactedAt("0.9")).toBe(false);
  expect(await compactedAt("0.3")).toBe(true);
});
