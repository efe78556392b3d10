import { itemAbsent } from "../../storage/item-change.ts";
import { topicKey, topicNameKey } from "../../storage/item-keys.ts";
import { encodeTopic, encodeTopicName, type Topic } from "../../storage/items/topic.ts";
import { putTopicObject, type StoredTopic } from "../topics/topic-object.ts";
import { leapTopicVersion } from "./leap.ts";
import { leapProducerIds } from "./leap-producer-ids.ts";
import { beginRestore, finishRestore } from "./restore-identity.ts";
import { restorePartition } from "./restore-partition.ts";
import type { RestoredPartition, RestoredTopic, RestoreReport } from "./restore-report.ts";
import { type RestoreOptions, type RestoreRun, RestoreStopped } from "./restore-run.ts";
import { findStaged, type StagedPlaces } from "./staged-batches.ts";
import { findTopics } from "./stored-topics.ts";

/**
 * Brings a log back from its object store alone, into an empty item store: each partition up to its last segment.
 * What was only in the items is not in it: inline entries and staged items that were not yet rolled, groups with
 * their offsets, producers' states, log starts within segments. Every step may be repeated: after an interruption,
 * whenever it came, the same call goes on. No broker can start on the stores before it is done, and none may run.
 *
 * Fails with `StoreFormat` when the item store holds a log, with `StoreMissing` when the object store holds none.
 */
export async function restoreLog(
  stores: Parameters<typeof beginRestore>[0],
  options: RestoreOptions,
): Promise<RestoreReport> {
  const run = await beginRestore(stores, options);
  const topics: RestoredTopic[] = [];
  let deletedTopics = 0;
  let complete = false;
  try {
    const found = await findTopics(run);
    deletedTopics = found.deleted.length;
    for (const topic of found.deleted) await putTombstone(run, topic);
    const places = await findStaged(run);
    for (const [index, topic] of found.topics.entries()) {
      const partitions: RestoredPartition[] = [];
      topics.push({ name: topic.name, topicId: topic.topicId, partitions });
      await restoreTopic(run, topic, places, partitions, { topicsDone: index, topics: found.topics.length });
    }
    await leapProducerIds(run);
    await finishRestore(run);
    complete = true;
  } catch (error) {
    if (!(error instanceof RestoreStopped)) throw error;
  }
  const { incarnation, generation, unplaced } = run;
  return { complete, incarnation, generation, topics, deletedTopics, unplaced };
}

/** Its name comes last, as in a creation. */
async function restoreTopic(
  run: RestoreRun,
  topic: StoredTopic,
  places: StagedPlaces,
  partitions: RestoredPartition[],
  done: { readonly topicsDone: number; readonly topics: number },
): Promise<void> {
  for (let partition = 0; partition < topic.partitions; partition++) {
    run.checkStopped();
    partitions.push(await restorePartition(run, topic, partition, places));
    run.options.onProgress?.({ topic: topic.name, partition, bytes: run.bytes, ...done });
  }
  const { topicId, name, partitions: partitionCount, configs } = topic;
  if ((await run.items.get(topicNameKey(name), run.newCall())) !== undefined) return;
  const version = leapTopicVersion(topic.version, run.generation);
  const opened: Topic = { topicId, name, partitions: partitionCount, configs, version, state: "open" };
  await putTopicObject(run, opened, run.newCall());
  await run.commit([
    { kind: "put", key: topicKey(topicId), item: encodeTopic(opened), conditions: [] },
    { kind: "put", key: topicNameKey(name), item: encodeTopicName(topicId), conditions: [itemAbsent] },
  ]);
}

/** What is left of a deleted topic in the object store can be collected by it. */
async function putTombstone(run: RestoreRun, topic: StoredTopic): Promise<void> {
  const { topicId, name, partitions, configs, version } = topic;
  const item = encodeTopic({ topicId, name, partitions, configs, version: version + 1, state: "deleting" });
  await run.commit([{ kind: "put", key: topicKey(topicId), item, conditions: [] }]);
}
