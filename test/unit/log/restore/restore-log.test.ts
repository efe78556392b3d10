import { describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../../../lib/adapters/memory/memory-item-store.ts";
import type { TopicId } from "../../../../lib/base/ids.ts";
import { indexItemAt } from "../../../../lib/log/index-items.ts";
import type { PartitionRef } from "../../../../lib/log/log-context.ts";
import { createLogEngine, type LogEngine } from "../../../../lib/log/log-engine.ts";
import { embeddedLogSettings } from "../../../../lib/log/log-settings.ts";
import { readHead } from "../../../../lib/log/read-head.ts";
import { restoreLog } from "../../../../lib/log/restore/restore-log.ts";
import type { RestoreOptions } from "../../../../lib/log/restore/restore-run.ts";
import { rollPartition } from "../../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../../lib/log/spill.ts";
import { openStoreIdentity } from "../../../../lib/log/store-identity.ts";
import { createTopic } from "../../../../lib/log/topics/create-topic.ts";
import { deleteTopic } from "../../../../lib/log/topics/delete-topic.ts";
import { putTopicObject } from "../../../../lib/log/topics/topic-object.ts";
import { verifyLog } from "../../../../lib/log/verify/verify-log.ts";
import type { TransactPart } from "../../../../lib/storage/item-change.ts";
import { topicKey } from "../../../../lib/storage/item-keys.ts";
import type { ItemStore } from "../../../../lib/storage/item-store.ts";
import { decodeTopic, type Topic } from "../../../../lib/storage/items/topic.ts";
import { parseSegmentKey, topicObjectKey } from "../../../../lib/storage/object-keys.ts";
import { intercepted } from "../../../support/log/intercepted.ts";
import { batchOf, numbered, producerOf, readAll } from "../../../support/log/records-of.ts";
import { append, TestLog } from "../../../support/log/test-log.ts";
import { testCall } from "../../../support/test-call.ts";

const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };
const STEP = 2 ** 32;
const staging = { settings: { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } } };

/** A log with its identity, one topic of which is `topic`. */
async function newLog(): Promise<{ log: TestLog; ref: PartitionRef }> {
  const log = new TestLog();
  await openStoreIdentity(log.engine().context, log.runtime(), testCall);
  return { log, ref: await log.partition() };
}

async function rolled(log: TestLog, ref: PartitionRef, values: readonly string[], engine = log.engine()) {
  for (const value of values) await append(engine, ref, batchOf([value]));
  await spill(engine.context, ref, testCall);
  await rollPartition(engine.context, ref, WHOLE, testCall);
}

function restore(log: TestLog, items: ItemStore, options: Partial<RestoreOptions> = {}) {
  return restoreLog({ objects: log.objects, items }, { runtime: log.runtime(), ...options });
}

function engineOver(log: TestLog, items: ItemStore): LogEngine {
  return createLogEngine({ objects: log.objects, items, runtime: log.runtime(), settings: embeddedLogSettings });
}

async function expectSound(log: TestLog, items: ItemStore): Promise<void> {
  const { damages } = await verifyLog({ objects: log.objects, items }, { clock: log.clock });
  expect(damages).toEqual([]);
}

async function segmentKeys(log: TestLog): Promise<string[]> {
  const { objects } = await log.objects.list("topics/", testCall);
  return objects.map(({ key }) => key).filter((key) => parseSegmentKey(key) !== undefined);
}

const first = ["a", "b", "c"];
const second = ["d", "e"];

describe("a restore from the object store alone", () => {
  test("brings back every record up to the last segment, at its offset; verification finds nothing wrong", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    await rolled(log, ref, second);
    await append(log.engine(), ref, batchOf(["only in the head"]));
    const items = new MemoryItemStore();
    const report = await restore(log, items);
    expect(report).toMatchObject({ complete: true, generation: 1, deletedTopics: 0, unplaced: [] });
    expect(report.topics).toMatchObject([
      {
        name: "topic",
        topicId: ref.topicId,
        partitions: [{ partition: 0, segments: 2, records: 5, logStart: 0, end: 5, gaps: [], superseded: 0 }],
      },
    ]);
    expect(await readAll(engineOver(log, items), ref)).toEqual(numbered([...first, ...second]));
    await expectSound(log, items);
  });

  test("gives no offset, epoch or producer id that may have been given before; what lies between is void", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    for (let generation = 1; generation <= 3; generation++) {
      const items = new MemoryItemStore();
      await restore(log, items);
      const engine = engineOver(log, items);
      const head = await readHead(engine.context, ref, testCall);
      expect(head.next).toBe(2 * generation * STEP);
      expect(head.epoch).toBe(2 * generation * 4096);
      expect(await engine.producerIds.take(testCall)).toBe(2 * generation * STEP);
      const appended = await append(engine, ref, batchOf(["never rolled"]));
      expect(appended.baseOffset).toBe(head.next);
      expect(await readAll(engine, ref)).toEqual([...numbered(first), `${head.next}:never rolled`]);
      expect(await indexItemAt(engine.context, ref, 3, testCall)).toMatchObject({ kind: "void", end: head.next });
      await expectSound(log, items);
    }
  });

  test("of a log that has gone on after a restore keeps its epochs and voids", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    const items = new MemoryItemStore();
    await restore(log, items);
    await rolled(log, ref, second, engineOver(log, items));
    const again = new MemoryItemStore();
    const report = await restore(log, again);
    expect(report.topics[0]?.partitions).toMatchObject([{ segments: 2, gaps: [{ from: 3, to: 2 * STEP }] }]);
    const expected = [...numbered(first), ...second.map((value, at) => `${2 * STEP + at}:${value}`)];
    expect(await readAll(engineOver(log, again), ref)).toEqual(expected);
    await expectSound(log, again);
  });

  test("parts the object store from the brokers of before, and refuses new ones until it is done", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    const items = new MemoryItemStore();
    const open = () => openStoreIdentity({ objects: log.objects, items }, log.runtime(), testCall);
    await expect(open()).rejects.toMatchObject({ code: "StoreFormat", message: expect.stringMatching(/restore/) });
    const stop = new AbortController();
    expect(await restore(log, items, { signal: stop.signal, onProgress: () => stop.abort() })).toMatchObject({
      complete: true,
    });
    const identity = await open();
    await expect(openStoreIdentity(log.engine().context, log.runtime(), testCall)).rejects.toMatchObject({
      code: "StoreFormat",
    });
    expect(identity.incarnation).toMatch(/^[0-9a-v]{20}$/);
  });

  test("into an item store that holds a log is refused, and changes nothing", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    await expect(restore(log, log.items)).rejects.toMatchObject({
      code: "StoreFormat",
      message: expect.stringMatching(/not empty/),
    });
    expect(await readAll(log.engine(), ref)).toEqual(numbered(first));
    await openStoreIdentity(log.engine().context, log.runtime(), testCall);
  });

  test("of an object store without a log is refused", async () => {
    await expect(restore(new TestLog(), new MemoryItemStore())).rejects.toMatchObject({ code: "StoreMissing" });
  });

  test("takes a roll that lost its swap for what it is: each offset once", async () => {
    const { log, ref } = await newLog();
    const losing = log.engine({
      items: async ({ operation }, proceed) => (operation === "transact" ? { ok: false, failed: [] } : proceed()),
    });
    const engine = log.engine();
    for (const value of first) await append(engine, ref, batchOf([value]));
    await spill(engine.context, ref, testCall);
    log.clock.advance(5);
    await rollPartition(losing.context, ref, WHOLE, testCall);
    for (const value of second) await append(engine, ref, batchOf([value]));
    await spill(engine.context, ref, testCall);
    await rollPartition(engine.context, ref, WHOLE, testCall);
    expect(await segmentKeys(log)).toHaveLength(2);
    const items = new MemoryItemStore();
    const report = await restore(log, items);
    expect(report.topics[0]?.partitions).toMatchObject([{ segments: 1, superseded: 1, end: 5 }]);
    expect(await readAll(engineOver(log, items), ref)).toEqual(numbered([...first, ...second]));
  });

  test("goes round a damaged segment where others hold its records, and tells what it could not place", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    await rolled(log, ref, second);
    const [part] = await segmentKeys(log);
    const bytes = (await log.objects.get(part ?? "", testCall)) ?? new Uint8Array();
    const merged = part?.replace(/-3-\d+-\w+\.log$/, "-3-000000009000000-merged.log") ?? "";
    await log.objects.put(merged, [bytes.with(30, 255)], testCall);
    const items = new MemoryItemStore();
    const report = await restore(log, items);
    expect(report.unplaced).toEqual([{ objectKey: merged, why: expect.stringMatching(/CRC/) }]);
    expect(await readAll(engineOver(log, items), ref)).toEqual(numbered([...first, ...second]));
    await expectSound(log, items);
  });

  test("leaves a void where a segment is gone, says so, and keeps what comes after", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    await rolled(log, ref, second);
    await rolled(log, ref, ["f"]);
    const [, gone] = await segmentKeys(log);
    await log.objects.delete([gone ?? ""], testCall);
    const items = new MemoryItemStore();
    const report = await restore(log, items);
    expect(report.topics[0]?.partitions).toMatchObject([{ gaps: [{ from: 3, to: 5 }], end: 6 }]);
    expect(await readAll(engineOver(log, items), ref)).toEqual([...numbered(first), "5:f"]);
    await expectSound(log, items);
  });

  test.each([
    ["reports", false],
    ["appends, where that is asked for,", true],
  ])("%s staged batches beyond the last segment, and no others", async (_, appendStaged) => {
    const { log, ref } = await newLog();
    const engine = log.engine(staging);
    await append(engine, ref, batchOf(["a", "b"], producerOf(7, 0)));
    await append(engine, ref, batchOf(["plain"]));
    await spill(engine.context, ref, testCall);
    await rollPartition(engine.context, ref, WHOLE, testCall);
    await append(engine, ref, batchOf(["c"], producerOf(7, 2)));
    await append(engine, ref, batchOf(["plain"]));
    const items = new MemoryItemStore();
    const report = await restore(log, items, { appendStaged });
    expect(report.topics[0]?.partitions).toMatchObject([
      { staged: { batches: 2, records: 2, appended: appendStaged } },
    ]);
    const appended = appendStaged ? [`${2 * STEP}:c`, `${2 * STEP + 1}:plain`] : [];
    expect(await readAll(engineOver(log, items), ref)).toEqual([...numbered(["a", "b", "plain"]), ...appended]);
    await expectSound(log, items);
    const next = await append(engineOver(log, items), ref, batchOf(["more"]));
    expect(next.baseOffset).toBe(2 * STEP + appended.length);
  });

  test("reports damaged staged objects", async () => {
    const { log, ref } = await newLog();
    await append(log.engine(staging), ref, batchOf(["a"]));
    const [staged] = (await log.objects.list("staged/", testCall)).objects;
    const bytes = (await log.objects.get(staged?.key ?? "", testCall)) ?? new Uint8Array();
    await log.objects.put(staged?.key ?? "", [bytes.with(bytes.byteLength - 1, 255)], testCall);
    const report = await restore(log, new MemoryItemStore(), { appendStaged: true });
    expect(report.unplaced).toMatchObject([{ objectKey: staged?.key, why: expect.stringMatching(/CRC/) }]);
  });

  test("brings no deleted topic back, nor mixes it with the one that has its name now", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    await deleteTopic(log.engine().context, "topic", testCall);
    const now = await log.partition();
    await rolled(log, now, second);
    const items = new MemoryItemStore();
    const report = await restore(log, items);
    expect(report).toMatchObject({ deletedTopics: 1, topics: [{ name: "topic", topicId: now.topicId }] });
    expect(await readAll(engineOver(log, items), now)).toEqual(numbered(second));
    const tombstone = decodeTopic((await items.get(topicKey(ref.topicId), testCall)) ?? {});
    expect(tombstone.state).toBe("deleting");
  });

  test("takes, of two topics of one name, the one that was ever used", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    const loser = "0".repeat(32) as TopicId;
    const body = (await log.objects.get(topicObjectKey(ref.topicId, 1), testCall)) ?? new Uint8Array();
    const text = Buffer.from(body).toString().replace(ref.topicId, loser);
    await log.objects.put(topicObjectKey(loser, 1), [Buffer.from(text)], testCall);
    const report = await restore(log, new MemoryItemStore());
    expect(report.topics).toMatchObject([{ topicId: ref.topicId, partitions: [{ records: 3 }] }]);
    expect(report.unplaced).toMatchObject([{ objectKey: `topics/${loser}/topic-*.json` }]);
  });

  test("takes, of two topics of one name that were never rolled, the one that was opened", async () => {
    const log = new TestLog();
    // Its id is the lower one, so nothing else speaks for the other.
    const cutOff = "0".repeat(32) as TopicId;
    const creating = { topicId: cutOff, name: "topic", partitions: 1, configs: {}, version: 1, state: "creating" };
    await openStoreIdentity(log.engine().context, log.runtime(), testCall);
    await putTopicObject(log, creating as Topic, testCall);
    const opened = await createTopic(log.engine().context, { name: "topic", partitions: 2, configs: {} }, testCall);
    const report = await restore(log, new MemoryItemStore());
    expect(report.topics).toMatchObject([{ topicId: opened.topicId, partitions: [{}, {}] }]);
    expect(report.unplaced).toMatchObject([{ objectKey: `topics/${cutOff}/topic-*.json` }]);
  });

  test("keeps configs and partitions, empty ones too", async () => {
    const { log } = await newLog();
    const configs = { "retention.ms": "1000" };
    const { topicId } = await createTopic(log.engine().context, { name: "wide", partitions: 3, configs }, testCall);
    const items = new MemoryItemStore();
    await restore(log, items);
    const engine = engineOver(log, items);
    expect(await engine.catalog.findNow("wide", testCall)).toMatchObject({ partitions: 3, configs, state: "open" });
    for (let partition = 0; partition < 3; partition++) {
      expect(await readAll(engine, { topicId, partition })).toEqual([]);
    }
    await expectSound(log, items);
  });

  test("that is cut off at any of its writes is finished by the next, with the same outcome", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    await append(log.engine(staging), ref, batchOf(["staged"]));
    await log.partition("another", 2);
    let writes = 0;
    const counting = intercepted(new MemoryItemStore() as ItemStore, ({ operation }, proceed) => {
      if (operation === "transact" || operation === "update") writes++;
      return proceed();
    });
    await restore(log, counting, { appendStaged: true });
    expect(writes).toBeGreaterThan(8);
    for (let cut = 1; cut <= writes; cut++) {
      for (const side of ["before", "after"]) {
        const items: ItemStore = new MemoryItemStore();
        let seen = 0;
        const dying = intercepted(items, async ({ operation }, proceed) => {
          const write = operation === "transact" || operation === "update";
          if (write && ++seen === cut && side === "before") throw new Error("killed");
          const answer = await proceed();
          if (write && seen === cut) throw new Error("killed");
          return answer;
        });
        await expect(restore(log, dying, { appendStaged: true })).rejects.toThrow("killed");
        if (cut === writes && side === "after") continue;
        const report = await restore(log, items, { appendStaged: true });
        expect(report.complete).toBe(true);
        const engine = engineOver(log, items);
        const { next } = await readHead(engine.context, ref, testCall);
        expect(await readAll(engine, ref)).toEqual([...numbered(first), `${next - 1}:staged`]);
        await expectSound(log, items);
      }
    }
  });

  test("that goes on with other wishes leaves nothing of what was begun", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    await append(log.engine(staging), ref, batchOf(["staged"]));
    const items: ItemStore = new MemoryItemStore();
    const dying = intercepted(items, async ({ operation, args }, proceed) => {
      const parts = operation === "transact" ? (args[0] as readonly TransactPart[]) : [];
      if (parts.some(({ kind, key }) => kind === "put" && key.sk === "head")) throw new Error("killed");
      return proceed();
    });
    await expect(restore(log, dying, { appendStaged: true })).rejects.toThrow("killed");
    await restore(log, items);
    expect(await readAll(engineOver(log, items), ref)).toEqual(numbered(first));
    await expectSound(log, items);
  });

  test("whose object store was taken over by another is refused at the end", async () => {
    const { log, ref } = await newLog();
    await rolled(log, ref, first);
    const late = new MemoryItemStore();
    let once = true;
    const slow = intercepted(late as ItemStore, async (_, proceed) => {
      const answer = await proceed();
      if (once && (await log.objects.list("store-000001", testCall)).objects.length > 0) {
        once = false;
        await restore(log, new MemoryItemStore());
      }
      return answer;
    });
    await expect(restore(log, slow)).rejects.toMatchObject({ code: "StoreConflict" });
  });
});
