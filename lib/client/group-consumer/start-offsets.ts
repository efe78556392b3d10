import { EARLIEST_TIMESTAMP, type Isolation, LATEST_TIMESTAMP } from "../../api/record-types.ts";
import { LogError } from "../../base/errors.ts";
import type { Connection } from "../connection.ts";
import { listOffsets } from "../list-offsets.ts";
import { fetchPlaces } from "./fetch-places.ts";
import type { OffsetReset } from "./group-consumer-options.ts";
import { type GroupPartition, placeOf, placesOf } from "./group-partition.ts";
import type { Identity } from "./membership.ts";

export interface StartOffset {
  readonly partition: GroupPartition;
  /** Undefined when nothing is committed, and nothing says where to begin. */
  readonly offset: number | undefined;
  readonly isCommitted: boolean;
}

export interface StartOptions {
  readonly groupId: string;
  readonly identity: Identity;
  readonly reset: OffsetReset;
  readonly isolation: Isolation;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Where a member begins in partitions that it has been given: what the group committed, else as `reset` says. */
export async function findStarts(
  connection: Connection,
  partitions: readonly GroupPartition[],
  options: StartOptions,
): Promise<readonly StartOffset[]> {
  const committed = await committedOffsets(connection, partitions, options);
  const { reset, isolation, timeoutMs, signal } = options;
  const open = reset === "none" ? [] : partitions.filter((_, at) => committed[at] === undefined);
  const timestamp = reset === "earliest" ? EARLIEST_TIMESTAMP : LATEST_TIMESTAMP;
  const asked = open.map(({ topic, partition }) => ({ topic, partition, timestamp }));
  const found = new Map<string, number>();
  for (const { offset, ...place } of await listOffsets(connection, asked, { isolation, timeoutMs, signal })) {
    found.set(placeOf(place), offset);
  }
  return partitions.map((partition, at) => {
    const offset = committed[at];
    return { partition, offset: offset ?? found.get(placeOf(partition)), isCommitted: offset !== undefined };
  });
}

/** Asked for as the member that one is: who has been replaced must not begin where its successor does. */
async function committedOffsets(
  connection: Connection,
  partitions: readonly GroupPartition[],
  { groupId, identity, timeoutMs, signal }: StartOptions,
): Promise<readonly (number | undefined)[]> {
  const { memberId, epoch: memberEpoch } = identity;
  const asked = { groupId, memberId, memberEpoch, partitions: placesOf(partitions) };
  const places = await fetchPlaces(connection, asked, { timeoutMs, signal });
  return places.map(({ topicId, offset }, at) => {
    // The name belongs to another topic by now: the group is about to learn of it.
    if (topicId !== partitions[at]?.topicId) throw new LogError("UnknownTopicId", "the topic has been recreated");
    return offset < 0 ? undefined : offset;
  });
}
