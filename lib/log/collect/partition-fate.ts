import type { Call } from "../../base/call.ts";
import { headKey, topicKey } from "../../storage/item-keys.ts";
import { decodeHead } from "../../storage/items/head.ts";
import { decodeTopic } from "../../storage/items/topic.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";

/**
 * Who may say what a partition refers to: its own head; its topic's tombstone, once no head is open any more; or
 * nobody that can be found, which disowns nothing.
 */
export type PartitionFate = "open" | "deleted" | "unknown";

export async function partitionFate(context: LogContext, ref: PartitionRef, call: Call): Promise<PartitionFate> {
  const item = await context.items.get(headKey(ref.topicId, ref.partition), call);
  if (item !== undefined && decodeHead(item).state === "open") return "open";
  const topic = await context.items.get(topicKey(ref.topicId), call);
  return topic !== undefined && decodeTopic(topic).state === "deleting" ? "deleted" : "unknown";
}
