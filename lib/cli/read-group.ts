import { type ConsumerRecord, type GroupConsumer, isLogError } from "../client/index.ts";

/** Small enough for its JSON to be built in memory, large enough for the work per poll not to count. */
const pollRecordsMax = 5000;
/** A poll that brings nothing ends after this; new records end it at once. */
const followPollMs = 60_000;
/** How often it is looked whether the group has reached the ends, when nothing comes. */
const untilEndPollMs = 500;
/** Of one try to commit; after it Ctrl-C is heeded. */
const commitMs = 5000;

export interface GroupReadOptions {
  readonly consumer: GroupConsumer;
  /** Whether the group has consumed all that it is to consume; undefined to read on as records come. */
  readonly isAtEnd: (() => Promise<boolean>) | undefined;
  readonly recordsMax: number | undefined;
  readonly signal: AbortSignal;
  /** Whether what was yielded has reached where it goes: only then it counts as consumed. */
  isWritten(): boolean;
  /** The partitions went to others before this could be committed: they get the records again. */
  onRepeated(records: number): void;
  /** The topic was deleted and made anew before this could be committed: the new one is read as the group begins. */
  onRecreated(records: number): void;
}

/** What a member of a group reads, poll by poll; committed when the next ones are asked for. */
export async function* readGroup(options: GroupReadOptions): AsyncGenerator<readonly ConsumerRecord[]> {
  const { consumer, isAtEnd, recordsMax = Number.POSITIVE_INFINITY, signal } = options;
  const timeoutMs = isAtEnd === undefined ? followPollMs : untilEndPollMs;
  for (let left = recordsMax; left > 0; ) {
    const records = await consumer.poll({ maxRecords: Math.min(pollRecordsMax, left), timeoutMs, signal });
    if (records.length > 0) yield records;
    if (!options.isWritten()) return;
    left -= records.length;
    if (consumer.assignment().length > 0) await commit(options, records.length);
    if (records.length === 0 && isAtEnd !== undefined && (await isSo(isAtEnd))) return;
  }
}

/** While the server is away nothing can be told: the next look does. */
async function isSo(question: () => Promise<boolean>): Promise<boolean> {
  try {
    return await question();
  } catch (error) {
    if (mayPass(error)) return false;
    throw error;
  }
}

/** Until the group has it, or has given the partitions to others, however long the server is away. */
async function commit({ consumer, onRepeated, onRecreated, signal }: GroupReadOptions, records: number): Promise<void> {
  while (true) {
    try {
      return await consumer.commit(undefined, { timeoutMs: commitMs });
    } catch (error) {
      if (mayPass(error) && !signal.aborted) continue;
      if (isLogError(error, "UnknownTopicId")) {
        if (records > 0) onRecreated(records);
        return;
      }
      if (!isLogError(error, "UnknownMemberId", "GroupIdNotFound", "FencedMemberEpoch", "StaleMemberEpoch"))
        throw error;
      if (records > 0) onRepeated(records);
      return;
    }
  }
}

/** A topic that is gone is told; one that came back is another, whose place cannot be committed for this one. */
function mayPass(error: unknown): boolean {
  return isLogError(error) && error.retriable && !isLogError(error, "UnknownTopicOrPartition", "UnknownTopicId");
}
