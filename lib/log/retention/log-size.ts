import type { Call } from "../../base/call.ts";
import { controlKey } from "../../storage/item-keys.ts";
import { decodeControl } from "../../storage/items/control.ts";
import type { Head } from "../../storage/items/head.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { partitionGone } from "../read-head.ts";

/**
 * Bytes of the batches that a partition holds: all that were ever committed, less all that have left the index.
 * One read besides the head's, however long the log. Never too large, since the head was read first.
 */
export async function logBytes(context: LogContext, ref: PartitionRef, head: Head, call: Call): Promise<number> {
  const item = await context.items.get(controlKey(ref.topicId, ref.partition), call);
  if (item === undefined) throw partitionGone(ref);
  return head.bytes - decodeControl(item).removedBytes;
}
