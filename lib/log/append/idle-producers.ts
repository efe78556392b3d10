import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import type { ProducerId } from "../../base/ids.ts";
import { storeUpdateMsMax } from "../../base/limits.ts";
import { add, equal, remove, type TransactPart } from "../../storage/item-change.ts";
import { headKey, idleProducerKey } from "../../storage/item-keys.ts";
import { HEAD, type Head } from "../../storage/items/head.ts";
import { decodeIdleProducer, encodeIdleProducer } from "../../storage/items/idle-producer.ts";
import { decodeProducerState, type ProducerState } from "../../storage/items/producer-state.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";

/** What a producer's own item says; undefined when it was never moved out of this head. */
export async function readIdleProducer(
  context: LogContext,
  ref: PartitionRef,
  producerId: number,
  call: Call,
): Promise<ProducerState | undefined> {
  const key = idleProducerKey(ref.topicId, ref.partition, producerId as ProducerId);
  const item = await context.items.get(key, call);
  return item === undefined ? undefined : decodeProducerState(decodeIdleProducer(item));
}

/** Producers that change places in one transaction: an item for each, and two conditions and changes in the head. */
const MOVED_TOGETHER = 48;

/**
 * Moves the longest idle producers out of a head that holds too many, until it holds half as many as it should:
 * each move makes those who are about to install a producer look again, so many move at once. Values and items change
 * places in one transaction, on condition that the values are what was read: a broker that froze here cannot bring
 * back an older one. Where one of many was not idle after all, fewer are tried; losing to the end is no failure, since
 * the next commit that crosses the limit begins again.
 */
export async function moveOutIdleProducers(context: LogContext, ref: PartitionRef, call: Call): Promise<void> {
  const { softMax } = context.settings.producers;
  const kept = Math.floor(softMax / 2);
  try {
    let values = longestIdleFirst(await readHead(context, ref, call));
    if (values.length <= softMax) return;
    for (let together = MOVED_TOGETHER; together >= 1 && values.length > kept; ) {
      const moved = await moveOut(context, ref, values.slice(0, Math.min(together, values.length - kept)), call);
      values = longestIdleFirst(await readHead(context, ref, call));
      if (moved) continue;
      // Another broker was faster, or one of them was not idle.
      if (values.length <= softMax) return;
      together = Math.floor(together / 4);
    }
  } catch (error) {
    if (!isLogError(error) || !error.retriable) throw error;
  }
}

type StoredProducer = readonly [id: number, stored: Uint8Array];

function longestIdleFirst(head: Head): StoredProducer[] {
  const values: StoredProducer[] = [];
  for (const [id, stored] of Object.entries(head.producers)) {
    if (stored instanceof Uint8Array) values.push([Number(id), stored]);
  }
  return values.sort((a, b) => decodeProducerState(a[1]).stamp - decodeProducerState(b[1]).stamp);
}

async function moveOut(
  context: LogContext,
  ref: PartitionRef,
  idle: readonly StoredProducer[],
  call: Call,
): Promise<boolean> {
  context.runtime.meter.count("log.producer.out", idle.length);
  const leaveHead: TransactPart = {
    kind: "update",
    key: headKey(ref.topicId, ref.partition),
    changes: [
      ...idle.map(([id]) => remove(HEAD.producer(id))),
      add(HEAD.spills, 1),
      add(HEAD.producerCount, -idle.length),
    ],
    conditions: idle.map(([id, stored]) => equal(HEAD.producer(id), stored)),
  };
  const items = idle.map(([id, stored]): TransactPart => {
    const key = idleProducerKey(ref.topicId, ref.partition, id as ProducerId);
    return { kind: "put", key, item: encodeIdleProducer(stored), conditions: [] };
  });
  const within = callWithin(context.runtime.clock, storeUpdateMsMax, call);
  const outcome = await context.items.transact([leaveHead, ...items], within);
  return outcome.ok;
}
