import type { LogService, RequestContext } from "../../lib/api/log-service.ts";
import type { FetchPart, PartitionResult, ProducePart } from "../../lib/api/record-types.ts";
import { EARLIEST_TIMESTAMP } from "../../lib/api/record-types.ts";
import { type ErrorCode, isErrorCode } from "../../lib/base/error-codes.ts";
import { isLogError, LogError } from "../../lib/base/errors.ts";
import { newTopicId } from "../../lib/base/ids.ts";
import { readBatchHeader } from "../../lib/records/batch-header.ts";
import { placeBatch } from "../../lib/records/place-batch.ts";
import { add, equal, itemAbsent, itemExists, set } from "../../lib/storage/item-change.ts";
import type { Item, ItemKey } from "../../lib/storage/item-value.ts";
import type { BrokerParts } from "./cluster.ts";

const BATCHES_KEPT = 5;

interface Place {
  readonly head: ItemKey;
  readonly pk: string;
}

type Appended = { readonly baseOffset: number; readonly appendTimeMs: number; readonly logStart: number };

/**
 * The simplest log that keeps the promises: one transaction per batch under the head's version, which is raised
 * when an answer is lost. It is slow, and it is there to tell whether the simulator itself is right.
 */
export function referenceLog({ items, runtime }: BrokerParts): LogService {
  const nameKey = (name: string): ItemKey => ({ pk: "ref-topics", sk: name });
  const unsupported = (): never => {
    throw new LogError("UnsupportedVersion", "the reference log has no such thing");
  };

  async function placeOf(topic: string, partition: number, context: RequestContext): Promise<Place> {
    const item = await items.get(nameKey(topic), context);
    if (item === undefined) throw new LogError("UnknownTopicOrPartition", topic);
    const pk = `ref-${String(item.id)}-${partition}`;
    return { pk, head: { pk, sk: "head" } };
  }

  async function headOf(place: Place, context: RequestContext): Promise<Item> {
    const head = await items.get(place.head, context);
    if (head === undefined) throw new LogError("UnknownTopicOrPartition", place.pk);
    return head;
  }

  async function append(part: ProducePart, context: RequestContext): Promise<Appended> {
    const place = await placeOf(part.topic, part.partition, context);
    for (let attempt = 0; attempt < 20; attempt++) {
      const head = await headOf(place, context);
      const base = head.next as number;
      const plan = planAppend(head, part.records, base);
      if (plan.kind === "duplicate") return appended(plan.base);
      const at = { pk: place.pk, sk: batchSortKey(base) };
      const item: Item = { bytes: placeBatch(part.records, base, 0), tag: runtime.random.fraction() };
      try {
        const outcome = await items.transact(
          [
            {
              kind: "update",
              key: place.head,
              changes: plan.changes,
              conditions: [equal(["version"], head.version ?? 0)],
            },
            { kind: "put", key: at, item, conditions: [itemAbsent] },
          ],
          context,
        );
        if (outcome.ok) return appended(base);
      } catch (error) {
        if (!isLogError(error) || error.effect === "none") continue;
        if (await landed(place, at, item, head.version as number, context)) return appended(base);
      }
    }
    throw new LogError("StoreConflict", "lost every race");
  }

  /** Whether an append whose answer was lost is there; when not, it never will be. */
  async function landed(
    place: Place,
    at: ItemKey,
    item: Item,
    version: number,
    context: RequestContext,
  ): Promise<boolean> {
    try {
      await items.update(place.head, [add(["version"], 1)], [equal(["version"], version)], context);
      const found = await items.get(at, context);
      if (found !== undefined) return found.tag === item.tag;
      const head = await items.get(place.head, context);
      if (head !== undefined && head.version !== version) return false;
    } catch (error) {
      if (!isLogError(error)) throw error;
    }
    throw new LogError("OutcomeUnknown", "it could not be found out", { effect: "unknown" });
  }

  async function read(part: FetchPart, context: RequestContext) {
    const place = await placeOf(part.topic, part.partition, context);
    const highWatermark = (await headOf(place, context)).next as number;
    if (part.offset > highWatermark) throw new LogError("OffsetOutOfRange", `${part.offset}`);
    const query = { pk: place.pk, from: batchSortKey(part.offset), to: "b~", limit: 10 };
    const { items: found } = part.offset === highWatermark ? { items: [] } : await items.query(query, context);
    const fitting = found.filter(({ key }) => key.sk < batchSortKey(highWatermark));
    const records = fitting.map(({ item }) => item.bytes as Uint8Array);
    return { highWatermark, lastStableOffset: highWatermark, logStart: 0, abortedTransactions: [], records };
  }

  return {
    produce: async (context, request) => ({
      partitions: await Promise.all(request.partitions.map((part) => answered(part, () => append(part, context)))),
    }),
    fetch: async (context, request) => ({
      partitions: await Promise.all(request.partitions.map((part) => answered(part, () => read(part, context)))),
    }),
    listOffsets: async (context, request) => ({
      partitions: await Promise.all(
        request.partitions.map((part) =>
          answered(part, async () => {
            const head = await headOf(await placeOf(part.topic, part.partition, context), context);
            const offset = part.timestamp === EARLIEST_TIMESTAMP ? 0 : (head.next as number);
            return { offset, timestamp: -1, leaderEpoch: 0 };
          }),
        ),
      ),
    }),
    async createTopics(context, request) {
      const { name, partitions = 1 } = request.topics[0] as { name: string; partitions?: number };
      const topicId = newTopicId(runtime.random);
      for (let at = 0; at < partitions; at++) {
        const head = { next: 0, version: 0, producers: {} };
        await items.transact(
          [{ kind: "put", key: { pk: `ref-${topicId}-${at}`, sk: "head" }, item: head, conditions: [] }],
          context,
        );
      }
      const outcome = await items.update(nameKey(name), [set(["id"], topicId)], [itemAbsent], context);
      if (!outcome.ok) return [{ topic: name, ok: false, error: new LogError("TopicAlreadyExists", name) }];
      return [{ topic: name, ok: true, topicId, partitions, configs: {} }];
    },
    async deleteTopics(context, request) {
      const name = request.names[0] as string;
      const outcome = await items.transact([{ kind: "delete", key: nameKey(name), conditions: [itemExists] }], context);
      if (outcome.ok) return [{ topic: name, ok: true }];
      return [{ topic: name, ok: false, error: new LogError("UnknownTopicOrPartition", name) }];
    },
    async initProducerId(context) {
      const outcome = await items.update({ pk: "ref", sk: "ids" }, [add(["next"], 1)], [], context);
      if (!outcome.ok) throw new LogError("StoreConflict", "no producer id");
      return { producerId: outcome.changed.next as number, producerEpoch: 0 };
    },
    deleteRecords: unsupported,
    createPartitions: unsupported,
    describeTopics: unsupported,
    describeConfigs: unsupported,
    alterConfigs: unsupported,
    describeServer: unsupported,
    // It stages nothing and deletes nothing: there is never anything to collect.
    collectGarbage: async () => ({ objects: 0, items: 0, bytes: 0, referred: 0, undecided: 0, next: undefined }),
    groupHeartbeat: unsupported,
    commitOffsets: unsupported,
    fetchOffsets: unsupported,
    listGroups: unsupported,
    describeGroups: unsupported,
    deleteGroups: unsupported,
    resetOffsets: unsupported,
    deleteOffsets: unsupported,
  };
}

function planAppend(head: Item, records: Uint8Array, base: number) {
  const header = readBatchHeader(records);
  const changes = [set(["next"], base + header.recordCount), add(["version"], 1)];
  if (header.producerId < 0) return { kind: "append" as const, changes };
  const path = ["producers", String(header.producerId)] as const;
  const last = ((head.producers as Item)[path[1]] ?? []) as readonly (readonly number[])[];
  const earlier = last.find(([sequence]) => sequence === header.baseSequence);
  if (earlier !== undefined) return { kind: "duplicate" as const, base: earlier[2] as number };
  const expected = last[0]?.[1] ?? 0;
  if (header.baseSequence !== expected)
    throw new LogError("OutOfOrderSequence", `${header.baseSequence}, not ${expected}`);
  const next = [[header.baseSequence, header.baseSequence + header.recordCount, base], ...last].slice(0, BATCHES_KEPT);
  return { kind: "append" as const, changes: [...changes, set(path, next)] };
}

function batchSortKey(base: number): string {
  return `b${String(base).padStart(9, "0")}`;
}

function appended(baseOffset: number): Appended {
  return { baseOffset, appendTimeMs: -1, logStart: 0 };
}

async function answered<Answer>(
  { topic, partition }: { readonly topic: string; readonly partition: number },
  work: () => Promise<Answer>,
): Promise<PartitionResult<Answer>> {
  try {
    return { topic, partition, ok: true, ...(await work()) };
  } catch (error) {
    if (!isLogError(error)) throw error;
    const code: ErrorCode = isErrorCode(error.code) ? error.code : "UnknownServerError";
    return { topic, partition, ok: false, error: new LogError(code, error.message, { effect: error.effect }) };
  }
}
