import { type Call, callWithin } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import type { ProducerId } from "../../base/ids.ts";
import { storeUpdateMsMax } from "../../base/limits.ts";
import { add, equal, remove } from "../../storage/item-change.ts";
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

/**
 * Moves the longest idle producers out of a head that holds too many. Value and item change places in one
 * transaction, on condition that the value is what was read: a broker that froze here cannot bring back an
 * older one. Losing a race is no failure; the next commit that crosses the limit tries again.
 */
export async function moveOutIdleProducers(context: LogContext, ref: PartitionRef, call: Call): Promise<void> {
  const head = await readHead(context, ref, call);
  for (const [id, stored] of longestIdle(head, context.settings.producers.softMax)) {
    try {
      const moved = await moveOut(context, ref, id, stored, call);
      if (!moved) return;
    } catch (error) {
      if (isLogError(error) && error.retriable) return;
      throw error;
    }
  }
}

function longestIdle(head: Head, keep: number): [string, Uint8Array][] {
  const values: [string, Uint8Array][] = [];
  for (const [id, stored] of Object.entries(head.producers))
    if (stored instanceof Uint8Array) values.push([id, stored]);
  values.sort((a, b) => decodeProducerState(a[1]).stamp - decodeProducerState(b[1]).stamp);
  return values.slice(0, Math.max(0, values.length - keep));
}

async function moveOut(
  context: LogContext,
  ref: PartitionRef,
  id: string,
  stored: Uint8Array,
  call: Call,
): Promise<boolean> {
  const path = HEAD.producer(Number(id));
  context.runtime.meter.count("log.producer.out");
  const outcome = await context.items.transact(
    [
      {
        kind: "update",
        key: headKey(ref.topicId, ref.partition),
        changes: [remove(path), add(HEAD.spills, 1), add(HEAD.producerCount, -1)],
        conditions: [equal(path, stored)],
      },
      {
        kind: "put",
        key: idleProducerKey(ref.topicId, ref.partition, Number(id) as ProducerId),
        item: encodeIdleProducer(stored),
        conditions: [],
      },
    ],
    callWithin(context.runtime.clock, storeUpdateMsMax, call),
  );
  return outcome.ok;
}
