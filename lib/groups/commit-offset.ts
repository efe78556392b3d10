import { type Call, callWithin } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { readAttemptsMax, storeUpdateMsMax } from "../base/limits.ts";
import { equal, less, set } from "../storage/item-change.ts";
import type { Item } from "../storage/item-value.ts";
import { type CommittedOffset, decodeGroupOffset, GROUP_OFFSET } from "../storage/items/group-offset.ts";
import type { PartitionKey } from "../storage/items/partition-sets.ts";
import { fenceOffsets, offsetKeyOf } from "./fence-offsets.ts";
import { unknownGroup, unknownMember } from "./find-member.ts";
import type { GroupParts } from "./group-parts.ts";

/** Who commits, and with which of its requests. */
export interface Committer {
  readonly memberId: string;
  readonly epoch: number;
  /** Grows with every commit of the member. */
  readonly sequence: number;
}

/**
 * Moves a group's place in one partition: one update, which demands that the partition is the member's since the
 * epoch it names or before, and that no newer commit has come first. So it may be repeated when its answer was
 * lost, and a late one changes nothing. Throws `StaleMemberEpoch`, `UnknownMemberId` or `GroupIdNotFound`.
 */
export async function commitOffset(
  parts: GroupParts,
  groupId: string,
  committer: Committer,
  { partition, committed }: { readonly partition: PartitionKey; readonly committed: CommittedOffset },
  call: Call,
): Promise<void> {
  const { items, runtime } = parts.context;
  const { memberId, epoch, sequence } = committer;
  const key = offsetKeyOf(groupId, partition);
  const conditions = [
    equal(GROUP_OFFSET.owner, memberId),
    less(GROUP_OFFSET.fence, epoch + 1),
    less(GROUP_OFFSET.sequence, sequence),
  ];
  for (let attempt = 0; attempt < readAttemptsMax; attempt++) {
    try {
      const within = callWithin(runtime.clock, storeUpdateMsMax, call);
      const outcome = await items.update(key, commitChanges(committed, sequence), conditions, within);
      if (outcome.ok || isSuperseded(outcome.current, committer)) return;
    } catch (error) {
      if (!isLogError(error) || !error.retriable) throw error;
      await runtime.clock.sleep(10 * 2 ** attempt * runtime.random.fraction(), call.signal);
      continue;
    }
    await checkOwner(parts, groupId, committer, partition, call);
  }
  throw new LogError("OutcomeUnknown", "the stores did not tell in time whether the offset is committed", {
    effect: "unknown",
  });
}

function commitChanges({ offset, leaderEpoch, metadata, committedMs }: CommittedOffset, sequence: number) {
  return [
    set(GROUP_OFFSET.offset, offset),
    set(GROUP_OFFSET.leaderEpoch, leaderEpoch),
    set(GROUP_OFFSET.metadata, metadata),
    set(GROUP_OFFSET.committedMs, committedMs),
    set(GROUP_OFFSET.sequence, sequence),
  ];
}

/** The same commit has happened, or a newer one of the same member: either way this one has had its turn. */
function isSuperseded(item: Item | undefined, { memberId, epoch, sequence }: Committer): boolean {
  if (item === undefined) return false;
  const known = decodeGroupOffset(item);
  return known.owner === memberId && known.fence <= epoch && known.sequence >= sequence;
}

/**
 * Says why a commit was refused. Returns when the group says that the partition is the member's: then its fence
 * was missing, and is there now.
 */
async function checkOwner(
  { context, store }: GroupParts,
  groupId: string,
  { memberId, epoch }: Committer,
  partition: PartitionKey,
  call: Call,
): Promise<void> {
  const group = await store.read(groupId, call);
  if (group === undefined || group.tip.deleting) throw unknownGroup();
  const member = group.state.members.get(memberId);
  if (member === undefined) throw unknownMember(memberId);
  const since = member.assigned.get(partition) ?? member.revoking.get(partition);
  const details = { memberId, epoch, memberEpoch: member.epoch };
  if (member.away || epoch < member.joinedEpoch || epoch > member.epoch) {
    throw new LogError("StaleMemberEpoch", `the member's epoch is ${member.epoch}, not ${epoch}: heartbeat first`, {
      details,
    });
  }
  if (since === undefined || since > epoch) {
    throw new LogError("StaleMemberEpoch", "the partition does not belong to this member: nothing was committed", {
      details,
    });
  }
  await fenceOffsets(context, groupId, { memberId, partitions: new Map([[partition, since]]) }, call);
}
