import {
  type ConsumerRecord,
  type GroupConsumer,
  isLogError,
  type PartitionOffsets,
  type Tidelog,
  type TopicPartition,
} from "../client/index.ts";
import type { CommandContext } from "./command-context.ts";
import { countText } from "./figures.ts";
import type { Client } from "./open-client.ts";
import { readGroup } from "./read-group.ts";
import { stopSignal } from "./stop-signal.ts";

export interface MemberOptions {
  readonly topic: string;
  readonly group: string;
  readonly instanceId?: string | undefined;
  readonly fromBeginning?: boolean | undefined;
  readonly maxMessages?: number | undefined;
  readonly exitAtEnd?: boolean | undefined;
  write(records: readonly ConsumerRecord[]): Promise<void>;
}

/** Of one try to commit where partitions are begun. */
const firstCommitMs = 2000;

/** Reads what the group gives this process, commits what is written, and leaves the group at the end. */
export async function consumeAsMember(
  { clock, output, notices }: CommandContext,
  { log }: Client,
  { topic, group, instanceId, fromBeginning, maxMessages, exitAtEnd, write }: MemberOptions,
): Promise<void> {
  const { partitions } = await log.admin.describeTopic(topic);
  const stopped = AbortSignal.any([stopSignal(clock), output.ended]);
  const ends = exitAtEnd ? await log.admin.offsets(topic) : undefined;
  await using consumer = log.consumer({ group, instanceId, autoCommit: false });
  const onAssigned = (places: readonly TopicPartition[]): Promise<void> => commitBegin(consumer, places);
  consumer.subscribe(topic, { fromBeginning, onAssigned });
  if (ends === undefined) {
    notices.say(`reading ${topic}, ${countText(partitions, "partition")}, in the group ${group}; Ctrl-C stops`);
  }
  const reading = readGroup({
    consumer,
    isAtEnd: ends === undefined ? undefined : () => isGroupAt(log, group, ends),
    recordsMax: maxMessages,
    signal: stopped,
    isWritten: () => !output.ended.aborted,
    onRepeated: (records) =>
      notices.say(`the group took this member for gone: ${countText(records, "record")} will be written again`),
    onRecreated: (records) =>
      notices.say(`topic ${topic} was deleted and made anew: ${countText(records, "record")} may be written again`),
  });
  try {
    for await (const records of reading) await write(records);
  } catch (error) {
    if (!stopped.aborted || !isLogError(error, "Aborted", "Closed")) throw error;
  }
}

/** Who begins at the end and dies before it has written anything must not let the next one begin at a later end. */
async function commitBegin(consumer: GroupConsumer, places: readonly TopicPartition[]): Promise<void> {
  try {
    const offsets = await Promise.all(places.map((place) => consumer.position(place)));
    const begun = places.map((place, at) => ({ ...place, offset: offsets[at] as number }));
    await consumer.commit(begun, { timeoutMs: firstCommitMs });
  } catch (error) {
    // What is written is committed in any case; who has lost the partitions is told so then.
    if (!isLogError(error)) throw error;
  }
}

/** Whether the group, whichever of its members, has committed all that was there. */
async function isGroupAt(log: Tidelog, group: string, ends: readonly PartitionOffsets[]): Promise<boolean> {
  const committed = await log.admin.groups.offsets(group);
  return ends.every(({ topic, partition, logStartOffset, highWatermark }) => {
    const place = committed.find((each) => each.topic === topic && each.partition === partition);
    return highWatermark <= (place?.offset ?? logStartOffset);
  });
}
