import type { Call } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { headKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-value.ts";
import { decodeHead, type Head } from "../storage/items/head.ts";
import type { LogContext, PartitionRef } from "./log-context.ts";

/** A consistent read of the head; `UnknownTopicOrPartition` unless it is there and open. */
export async function readHead(context: LogContext, ref: PartitionRef, call: Call): Promise<Head> {
  return openHead(context, ref, await context.items.get(headKey(ref.topicId, ref.partition), call));
}

/** Decodes a head that some answer brought, and takes note of its horizon. */
export function openHead(context: LogContext, ref: PartitionRef, item: Item | undefined): Head {
  if (item === undefined) throw partitionGone(ref);
  const head = decodeHead(item);
  context.stamps.observe(head.horizon);
  if (head.state !== "open" || head.topicId !== ref.topicId) throw partitionGone(ref);
  return head;
}

export function partitionGone(ref: PartitionRef): LogError {
  return new LogError("UnknownTopicOrPartition", "the partition does not exist, or is being deleted", {
    details: { topicId: ref.topicId, partition: ref.partition },
  });
}
