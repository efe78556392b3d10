import { expect, test } from "vitest";
import { stampAgeMsMax } from "../../../lib/base/limits.ts";
import { compactPartition } from "../../../lib/log/compact/compact-partition.ts";
import { createLogEngine } from "../../../lib/log/log-engine.ts";
import { embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { createTopic } from "../../../lib/log/topics/create-topic.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { GivenMemory } from "../../support/log/given-memory.ts";
import { type KeyedRecord, keyedBatch, readKeyed } from "../../support/log/keyed-records.ts";
import { rollAll } from "../../support/log/segments-of.ts";
import { append, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const RULES = { ...effectiveConfigs({ "cleanup.policy": "compact" }, {}), minCompactionLagMs: 0 };
/** Ten of them are more than compaction reads at once. */
const LARGE = "x".repeat(900_000);

test("what compaction leaves as it is outlives the memory that it was read into", async () => {
  const log = new TestLog();
  const objects = new GivenMemory();
  const parts = { items: log.items, objects, runtime: log.runtime(), settings: embeddedLogSettings };
  const engine = createLogEngine(parts);
  const { topicId } = await createTopic(engine.context, { name: "topic", partitions: 1, configs: {} }, testCall);
  const ref = { topicId, partition: 0 };
  const records: KeyedRecord[] = [{ key: "twice", value: "first" }];
  for (let at = 0; at < 10; at++) records.push({ key: `key ${at}`, value: `${at}${LARGE}` });
  records.push({ key: "twice", value: "second" });
  for (const record of records) await append(engine, ref, await keyedBatch([record], "none", log.clock.nowMs()));
  await rollAll(engine, ref);
  await append(engine, ref, await keyedBatch([{ key: "last", value: "stays" }], "none", log.clock.nowMs()));
  await rollAll(engine, ref);
  log.clock.advance(stampAgeMsMax + 1);
  objects.given.length = 0;
  const options = { rules: RULES, damaged: new Set<string>(), giveWay: async () => undefined };
  expect(await compactPartition(engine.context, ref, options, testCall)).toMatchObject({ removedRecords: 1 });
  expect(objects.given.filter((memory) => memory !== undefined).length).toBeGreaterThan(2);
  const left = await readKeyed(engine, ref, 4_000_000);
  const kept = [...records.slice(1), { key: "last", value: "stays" }];
  expect(left.map(({ key, value }) => `${key} ${value?.slice(0, 9)}`)).toEqual(
    kept.map(({ key, value }) => `${key} ${value?.slice(0, 9)}`),
  );
});
