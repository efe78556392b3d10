import type { Call } from "../../base/call.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import type { TopicId } from "../../base/ids.ts";
import { readAttemptsMax } from "../../base/limits.ts";
import { equal, itemAbsent, type TransactPart } from "../../storage/item-change.ts";
import { controlKey, headKey, topicKey } from "../../storage/item-keys.ts";
import { newControl } from "../../storage/items/control.ts";
import { newHead } from "../../storage/items/head.ts";
import { TOPIC, type Topic } from "../../storage/items/topic.ts";
import type { LogContext } from "../log-context.ts";

/** Two items per partition and one check: well within a transaction's hundred parts. */
const PARTITIONS_EACH = 40;

/**
 * Makes heads and controls for partitions [from, to) of a topic, on condition that the topic is still as it was
 * read: a late attempt cannot bring back the head of a deleted one. Heads that are there already stay.
 */
export async function makePartitions(
  context: LogContext,
  topic: Topic,
  range: { readonly from: number; readonly to: number },
  call: Call,
): Promise<void> {
  for (let first = range.from; first < range.to; first += PARTITIONS_EACH) {
    await makeSome(context, topic, { from: first, to: Math.min(range.to, first + PARTITIONS_EACH) }, call);
  }
}

async function makeSome(
  context: LogContext,
  topic: Topic,
  range: { readonly from: number; readonly to: number },
  call: Call,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const missing = await missingPartitions(context, topic.topicId, range, call);
    if (missing.length === 0) return;
    try {
      const outcome = await context.items.transact(
        [stillThere(topic), ...missing.flatMap((each) => newParts(topic, each))],
        call,
      );
      if (outcome.ok) return;
      if (outcome.failed.some(({ part }) => part === 0)) throw changed(topic);
    } catch (error) {
      if (!isLogError(error) || !error.retriable || attempt >= readAttemptsMax) throw error;
    }
    if (attempt >= readAttemptsMax) throw changed(topic);
  }
}

async function missingPartitions(
  context: LogContext,
  topicId: TopicId,
  range: { readonly from: number; readonly to: number },
  call: Call,
): Promise<number[]> {
  const partitions = Array.from({ length: range.to - range.from }, (_, index) => range.from + index);
  const heads = await context.items.getMany(
    partitions.map((each) => headKey(topicId, each)),
    call,
  );
  return partitions.filter((_, index) => heads[index] === undefined);
}

function stillThere(topic: Topic): TransactPart {
  const conditions = [equal(TOPIC.state, topic.state), equal(TOPIC.version, topic.version)];
  return { kind: "check", key: topicKey(topic.topicId), conditions };
}

function newParts({ topicId }: Topic, partition: number): TransactPart[] {
  return [
    { kind: "put", key: headKey(topicId, partition), item: newHead(topicId), conditions: [itemAbsent] },
    { kind: "put", key: controlKey(topicId, partition), item: newControl(topicId), conditions: [itemAbsent] },
  ];
}

function changed(topic: Topic): LogError {
  return new LogError("StoreConflict", `topic ${topic.name} was changed or deleted meanwhile`, {
    details: { topic: topic.name, topicId: topic.topicId },
  });
}
