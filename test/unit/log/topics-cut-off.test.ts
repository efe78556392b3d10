import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import type { ProducerId, TopicId } from "../../../lib/base/ids.ts";
import { parseTopicId } from "../../../lib/base/ids.ts";
import { collectBatch } from "../../../lib/log/collect/collect-batch.ts";
import { openStoreIdentity } from "../../../lib/log/store-identity.ts";
import { alterTopicConfigs, growTopic } from "../../../lib/log/topics/change-topic.ts";
import { createTopic } from "../../../lib/log/topics/create-topic.ts";
import { deleteTopic } from "../../../lib/log/topics/delete-topic.ts";
import { TopicCatalog } from "../../../lib/log/topics/topic-catalog.ts";
import { decodeTopicObject, findTopicObject } from "../../../lib/log/topics/topic-object.ts";
import { headKey, idleProducerKey, topicKey } from "../../../lib/storage/item-keys.ts";
import { encodeIdleProducer } from "../../../lib/storage/items/idle-producer.ts";
import { decodeTopic } from "../../../lib/storage/items/topic.ts";
import { topicObjectKey } from "../../../lib/storage/object-keys.ts";
import type { Intercept } from "../../support/log/intercepted.ts";
import { gate, settled, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const wanted = { name: "topic", partitions: 2, configs: {} };
const AGE_MS = 60_000;

async function newLog(): Promise<TestLog> {
  const log = new TestLog();
  await openStoreIdentity(log.engine().context, log.runtime(), testCall);
  return log;
}

/** Collects what is under topics, twice: a topic's object goes once it is alone. */
async function collectTopics(log: TestLog, ageMs = AGE_MS): Promise<void> {
  const { context } = log.engine();
  const { incarnation } = await openStoreIdentity(context, log.runtime(), testCall);
  for (let round = 0; round < 2; round++) {
    await collectBatch(context, { incarnation, ageMs, dryRun: false }, { kind: "topics", after: "" }, testCall);
  }
}

const topicObject = async (log: TestLog, topicId: TopicId) => {
  const key = (await findTopicObject(log.objects, topicId, () => testCall)) ?? "none";
  return decodeTopicObject((await log.objects.get(key, testCall)) ?? new Uint8Array(), key);
};

async function topicIds(log: TestLog): Promise<TopicId[]> {
  const { objects } = await log.objects.list("topics/", testCall);
  return objects.map(({ key }) => parseTopicId(key.split("/")[1] ?? "") as TopicId);
}

const headsOf = async (log: TestLog, topicId: TopicId, count = 8) => {
  const keys = Array.from({ length: count }, (_, partition) => headKey(topicId, partition));
  return (await log.items.getMany(keys, testCall)).flatMap((item, partition) => (item === undefined ? [] : partition));
};

const stateOf = async (log: TestLog, topicId: TopicId) => {
  const item = await log.items.get(topicKey(topicId), testCall);
  return item === undefined ? "none" : decodeTopic(item).state;
};

const findNow = (log: TestLog) => new TopicCatalog(log.engine().context).findNow("topic", testCall);

/** The broker dies at its nth write to the item store. */
function dyingAt(nth: number): Intercept {
  let writes = 0;
  return async ({ operation }, proceed) => {
    if ((operation !== "update" && operation !== "transact") || writes++ < nth) return proceed();
    return new Promise(() => undefined);
  };
}

/** Holds the put of a topic's object back until it is let go. */
function heldPut() {
  const reached = gate();
  const held = gate();
  const intercept: Intercept = async ({ operation, args }, proceed) => {
    if (operation === "put" && String(args[0]).includes("/topic-")) {
      reached.open();
      await held.opened;
    }
    return proceed();
  };
  return { intercept, reached: reached.opened, letGo: held.open };
}

describe("the object of a topic", () => {
  test("says that it is deleted, though an alteration that was on its way writes it after the deletion", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    const { intercept, reached, letGo } = heldPut();
    const alteration = { set: { "retention.ms": "1" }, remove: [] };
    const altering = refusalOf(() =>
      alterTopicConfigs(log.engine({ objects: intercept }).context, topic, alteration, testCall),
    );
    await reached;
    await deleteTopic(log.engine().context, "topic", testCall);
    letGo();
    expect((await altering).code).toBe("UnknownTopicOrPartition");
    expect((await topicObject(log, topic.topicId)).deleted).toBe(true);
  });

  test("says that it is deleted, though a growth that was on its way writes it after the deletion", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    const { intercept, reached, letGo } = heldPut();
    const growing = refusalOf(() => growTopic(log.engine({ objects: intercept }).context, topic, 5, testCall));
    await reached;
    await deleteTopic(log.engine().context, "topic", testCall);
    letGo();
    expect((await growing).code).toBe("UnknownTopicOrPartition");
    expect((await topicObject(log, topic.topicId)).deleted).toBe(true);
    expect(await headsOf(log, topic.topicId)).toEqual([]);
  });

  test("names all partitions, though a growth to fewer writes it last", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    const { intercept, reached, letGo } = heldPut();
    const growing = growTopic(log.engine({ objects: intercept }).context, topic, 4, testCall);
    await reached;
    await growTopic(log.engine().context, topic, 6, testCall);
    letGo();
    expect(await growing).toMatchObject({ partitions: 6 });
    expect((await topicObject(log, topic.topicId)).partitions).toBe(6);
    expect(await findNow(log)).toMatchObject({ partitions: 6, configs: {} });
  });

  test("tells what the last alteration did, though one whose broker has died writes its own after it", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    const { intercept, reached, letGo } = heldPut();
    const dying = log.engine({ objects: intercept, items: dyingAt(1) });
    void alterTopicConfigs(dying.context, topic, { set: { "retention.ms": "1" }, remove: [] }, testCall);
    await reached;
    const altered = { "retention.ms": "1", "segment.bytes": "9000000" };
    const alteration = { set: { "segment.bytes": "9000000" }, remove: [] };
    expect(await alterTopicConfigs(log.engine().context, topic, alteration, testCall)).toMatchObject({
      configs: altered,
    });
    await growTopic(log.engine().context, topic, 3, testCall);
    letGo();
    await settled();
    expect(await topicObject(log, topic.topicId)).toMatchObject({ partitions: 3, configs: altered });
    expect(await findNow(log)).toMatchObject({ partitions: 3, configs: altered, version: 5 });
  });

  test("is not written anew by an alteration that changes nothing", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    const set = { "retention.ms": "1" };
    await alterTopicConfigs(log.engine().context, topic, { set, remove: [] }, testCall);
    expect(await alterTopicConfigs(log.engine().context, topic, { set, remove: [] }, testCall)).toMatchObject({
      version: 3,
    });
    expect(await topicObject(log, topic.topicId)).toMatchObject({ version: 3, configs: set });
  });
});

describe("an alteration", () => {
  const set = { "retention.ms": "1" };

  test("that fails once it may be finished by others is told as one that may have happened", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    const failing: Intercept = async ({ operation }, proceed) => {
      if (operation !== "put") return proceed();
      throw new LogError("StoreUnavailable", "the store is away");
    };
    const { context } = log.engine({ objects: failing });
    const refusal = await refusalOf(() => alterTopicConfigs(context, topic, { set, remove: [] }, testCall));
    expect(refusal).toMatchObject({ code: "StoreUnavailable", effect: "unknown" });
    expect(await findNow(log)).toMatchObject({ configs: {}, version: 2 });
    await growTopic(log.engine().context, topic, 3, testCall);
    expect(await findNow(log)).toMatchObject({ configs: set, partitions: 3, version: 4 });
  });

  test("takes effect once, though each answer of the item store is lost", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    let writes = 0;
    const losing: Intercept = async ({ operation }, proceed) => {
      const outcome = await proceed();
      if (operation !== "update" || ++writes % 2 === 0) return outcome;
      throw new LogError("StoreUnavailable", "the answer is lost", { effect: "unknown" });
    };
    const altered = await alterTopicConfigs(
      log.engine({ items: losing }).context,
      topic,
      { set, remove: [] },
      testCall,
    );
    expect(altered).toMatchObject({ configs: set, version: 3 });
    expect(await findNow(log)).toEqual(altered);
  });
});

describe("collection", () => {
  test("takes the versions of a topic that a newer one has followed, and no other", async () => {
    const log = await newLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    await growTopic(log.engine().context, topic, 3, testCall);
    void growTopic(log.engine({ items: dyingAt(1) }).context, topic, 5, testCall);
    await settled();
    const keys = async () => (await log.objects.list("topics/", testCall)).objects.map(({ key }) => key);
    const version = (number: number) => topicObjectKey(topic.topicId, number);
    expect(await keys()).toEqual([1, 2, 3, 4].map(version));
    await collectTopics(log);
    expect(await keys()).toEqual([3, 4].map(version));
    await growTopic(log.engine().context, topic, 6, testCall);
    await collectTopics(log);
    expect(await keys()).toEqual([version(5)]);
    expect(await topicObject(log, topic.topicId)).toMatchObject({ partitions: 6 });
  });

  test.each([1, 2])("clears away what a creation that was cut off at write %i has made", async (nth) => {
    const log = await newLog();
    void createTopic(log.engine({ items: dyingAt(nth) }).context, wanted, testCall);
    await settled();
    const [topicId] = await topicIds(log);
    expect(await stateOf(log, topicId as TopicId)).toBe("creating");
    await collectTopics(log);
    expect(await stateOf(log, topicId as TopicId)).toBe("creating");
    log.clock.advance(AGE_MS);
    await collectTopics(log);
    expect(await topicIds(log)).toEqual([]);
    expect(await headsOf(log, topicId as TopicId)).toEqual([]);
    expect(await stateOf(log, topicId as TopicId)).toBe("deleting");
    await createTopic(log.engine().context, wanted, testCall);
    expect(await findNow(log)).toMatchObject({ state: "open" });
  });

  test("of a creation that goes on after all makes it lose, and nothing of it stands", async () => {
    const log = await newLog();
    for (const nth of [1, 2]) {
      let late: (() => Promise<unknown>) | undefined;
      let writes = 0;
      const engine = log.engine({
        items: ({ operation }, proceed) => {
          const writing = operation === "update" || operation === "transact";
          if (!writing || writes++ !== nth) return proceed();
          return new Promise((settle, fail) => {
            late = () => proceed().then(settle, fail);
          });
        },
      });
      const creating = refusalOf(() => createTopic(engine.context, wanted, testCall));
      await settled();
      log.clock.advance(AGE_MS);
      await collectTopics(log);
      await late?.();
      expect((await creating).code).toBe("StoreConflict");
      expect(await findNow(log)).toBeUndefined();
    }
    expect(await topicIds(log)).toEqual([]);
  });

  test("clears away what the loser of two creations has made, and leaves the winner alone", async () => {
    const log = await newLog();
    const opening = gate();
    const slow = log.engine({
      items: async ({ operation, args }, proceed) => {
        if (operation === "transact" && JSON.stringify(args[0]).includes("topic-names")) await opening.opened;
        return proceed();
      },
    });
    const losing = refusalOf(() => createTopic(slow.context, wanted, testCall));
    await settled();
    const winner = await createTopic(log.engine().context, wanted, testCall);
    opening.open();
    expect((await losing).code).toBe("TopicAlreadyExists");
    expect(new Set(await topicIds(log)).size).toBe(2);
    log.clock.advance(AGE_MS);
    await collectTopics(log);
    expect(await topicIds(log)).toEqual([winner.topicId]);
    expect(await headsOf(log, winner.topicId)).toEqual([0, 1]);
    expect(await findNow(log)).toMatchObject({ topicId: winner.topicId });
  });

  test("in a dry run gives up no creation", async () => {
    const log = await newLog();
    void createTopic(log.engine({ items: dyingAt(2) }).context, wanted, testCall);
    await settled();
    const [topicId] = await topicIds(log);
    log.clock.advance(AGE_MS);
    const { context } = log.engine();
    const { incarnation } = await openStoreIdentity(context, log.runtime(), testCall);
    const rules = { incarnation, ageMs: AGE_MS, dryRun: true };
    const { collected } = await collectBatch(context, rules, { kind: "topics", after: "" }, testCall);
    expect(collected.objects).toBe(1);
    expect(await stateOf(log, topicId as TopicId)).toBe("creating");
    expect(await headsOf(log, topicId as TopicId)).toEqual([0, 1]);
  });

  test("of a deleted topic leaves no idle producer", async () => {
    const log = await newLog();
    const { topicId } = await createTopic(log.engine().context, wanted, testCall);
    const key = idleProducerKey(topicId, 1, 7 as ProducerId);
    const item = encodeIdleProducer(Uint8Array.of(1));
    await log.items.transact([{ kind: "put", key, item, conditions: [] }], testCall);
    await deleteTopic(log.engine().context, "topic", testCall);
    await collectTopics(log);
    expect(await log.items.get(key, testCall)).toBeUndefined();
  });
});

test("a deletion takes the heads that a growth had made when it was cut off", async () => {
  const log = await newLog();
  const topic = await createTopic(log.engine().context, wanted, testCall);
  void growTopic(log.engine({ items: dyingAt(2) }).context, topic, 5, testCall);
  await settled();
  expect(await headsOf(log, topic.topicId)).toEqual([0, 1, 2, 3, 4]);
  await deleteTopic(log.engine().context, "topic", testCall);
  expect(await headsOf(log, topic.topicId)).toEqual([]);
});
