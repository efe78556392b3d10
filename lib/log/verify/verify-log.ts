import { messageOf } from "../../base/errors.ts";
import { storeKey } from "../../storage/item-keys.ts";
import { decodeStagedItem } from "../../storage/items/staged-item.ts";
import { decodeStoreIdentity } from "../../storage/items/store.ts";
import { parseStagedObjectKey, STAGED_PREFIX } from "../../storage/object-keys.ts";
import { readIdentity } from "../identity-object.ts";
import { type Damage, itemFile } from "./damage.ts";
import type { VerifyCursor } from "./verify-cursor.ts";
import { verifyPartition } from "./verify-partition.ts";
import { type ReadableStores, type VerifyOptions, VerifyRun, type VerifyTally } from "./verify-run.ts";
import { type NamedTopic, namedTopics, verifyTopic } from "./verify-topic.ts";

export interface VerifyReport {
  /** False when it was stopped: `cursor` says where to go on. */
  readonly complete: boolean;
  readonly cursor: VerifyCursor | undefined;
  /** What was looked at by this run. */
  readonly checked: Readonly<VerifyTally>;
  readonly damageCount: number;
  /** The first thousand. */
  readonly damages: readonly Damage[];
  /** What no item refers to, which is no damage; unknown to a run that did not see everything. */
  readonly unreferenced: VerifyRun["unreferenced"] | undefined;
}

/**
 * Walks everything that the log's items refer to, and tells what is not as it must be. Changes nothing, holds a few
 * pieces of objects at a time, and may run beside brokers: what was replaced while it looked, it looks at again. A
 * store that fails ends it with the store's error.
 */
export async function verifyLog(stores: ReadableStores, options: VerifyOptions): Promise<VerifyReport> {
  const run = new VerifyRun(stores, options);
  await verifyIdentity(run);
  const cursor = await verifyTopics(run, options.from);
  const whole = cursor === undefined && options.from === undefined;
  if (whole) await countUnreferenced(run);
  return {
    complete: cursor === undefined,
    cursor,
    checked: run.tally,
    damageCount: run.damageCount,
    damages: run.damages,
    unreferenced: whole ? run.unreferenced : undefined,
  };
}

async function verifyIdentity(run: VerifyRun): Promise<void> {
  try {
    const item = await run.stores.items.get(storeKey, run.newCall());
    const inObjects = await readIdentity(run.stores.objects, run.newCall());
    if (item === undefined && inObjects === undefined) return;
    if (item === undefined) run.report([{ file: itemFile(storeKey), what: "it does not exist" }]);
    else if (decodeStoreIdentity(item).incarnation !== inObjects?.incarnation) {
      run.report([{ file: itemFile(storeKey), what: "the two stores belong to two different logs" }]);
    }
  } catch (error) {
    run.report([{ file: itemFile(storeKey), what: messageOf(error) }]);
  }
}

async function verifyTopics(run: VerifyRun, from: VerifyCursor | undefined): Promise<VerifyCursor | undefined> {
  const topics = (await namedTopics(run)).filter(({ topicId }) => from === undefined || topicId >= from.topicId);
  for (const [index, named] of topics.entries()) {
    const resumed = named.topicId === from?.topicId ? from : { partition: 0, offset: 0 };
    const done = { topicsDone: index, topics: topics.length };
    const stopped = await verifyPartitions(run, named, resumed, done);
    if (stopped !== undefined) return stopped;
  }
  return undefined;
}

async function verifyPartitions(
  run: VerifyRun,
  named: NamedTopic,
  from: Pick<VerifyCursor, "partition" | "offset">,
  done: { readonly topicsDone: number; readonly topics: number },
): Promise<VerifyCursor | undefined> {
  const { topicId, name } = named;
  if (run.stopped) return { topicId, ...from };
  const topic = await verifyTopic(run, named);
  for (let partition = from.partition; partition < (topic?.partitions ?? 0); partition++) {
    const start = partition === from.partition ? from.offset : 0;
    if (run.stopped) return { topicId, partition, offset: start };
    const offset = await verifyPartition(run, {
      ref: { topicId, partition },
      topic: name,
      from: start,
      progress: (at, highWatermark) =>
        run.progress({ topicId, topic: name, partition, offset: at, highWatermark, ...done }),
    });
    if (offset !== undefined) return { topicId, partition, offset };
  }
  run.tally.topics++;
  return undefined;
}

async function countUnreferenced(run: VerifyRun): Promise<void> {
  for await (const { key } of run.objectsUnder(STAGED_PREFIX)) {
    if (parseStagedObjectKey(key) !== undefined && !run.stagedObjects.has(key)) run.unreferenced.stagedObjects++;
  }
  for await (const { key, item } of run.stagedItemsListed()) {
    if (!run.stagedItems.has(key.sk)) run.unreferenced.stagedItems++;
    try {
      decodeStagedItem(item);
    } catch (error) {
      run.report([{ file: itemFile(key), what: messageOf(error) }]);
    }
  }
}
