import type { Call } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { groupAttemptsMax } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import type { TransactPart } from "../storage/item-change.ts";
import { groupKey } from "../storage/item-keys.ts";
import { transactPartsMax } from "../storage/item-limits.ts";
import { type CommittedOffset, encodeGroupOffset } from "../storage/items/group-offset.ts";
import type { GroupState } from "../storage/items/group-state.ts";
import type { PartitionKey } from "../storage/items/partition-sets.ts";
import { finishDeletion } from "./delete-group.ts";
import { offsetKeyOf } from "./fence-offsets.ts";
import { NEW_GROUP } from "./group-event.ts";
import type { GroupParts } from "./group-parts.ts";
import { isAt, planGroupWrite, type StoredGroup } from "./group-store.ts";
import { writeGroup } from "./write-group.ts";

/** Undefined: forget it. */
export type OffsetChanges = ReadonlyMap<PartitionKey, CommittedOffset | undefined>;

export interface AlterOptions {
  /** Refuses, by throwing, a group that must not be altered now; undefined for one that does not exist. */
  check(state: GroupState | undefined): void;
}

const PORTION = transactPartsMax - 1;

/**
 * Sets or forgets a group's places from outside. The group's version is moved first, and every portion demands
 * it: so a member that joins meanwhile stops the rest, and what comes late changes nothing. The fence lets no
 * former member move the new places.
 */
export async function alterOffsets(
  parts: GroupParts,
  groupId: string,
  changes: OffsetChanges,
  options: AlterOptions,
  call: Call,
): Promise<void> {
  const { items, runtime } = parts.context;
  const wanted = [...changes];
  for (let attempt = 0; attempt < groupAttemptsMax; attempt++) {
    const group = await claim(parts, groupId, options, call);
    if (group === undefined) continue;
    let done = true;
    for (let at = 0; done && at < wanted.length; at += PORTION) {
      const own: TransactPart = { kind: "check", key: groupKey(groupId), conditions: isAt(group.tip) };
      const portion = wanted.slice(at, at + PORTION).map((change) => partOf(groupId, group.state, change));
      const outcome = await writeGroup({ items, clock: runtime.clock }, [own, ...portion], call);
      done = outcome.kind === "done";
    }
    if (done) return;
    await runtime.clock.sleep(20 * runtime.random.fraction() * (attempt + 1), call.signal);
  }
  throw new LogError("CoordinatorNotAvailable", "too many others are changing the group: try again", {
    effect: "unknown",
  });
}

/** Moves the group's version; creates the group where there is none. Undefined: look again. */
async function claim(
  { context, store }: GroupParts,
  groupId: string,
  { check }: AlterOptions,
  call: Call,
): Promise<StoredGroup | undefined> {
  const { items, runtime } = context;
  const group = await store.read(groupId, call);
  if (group?.tip.deleting) {
    await finishDeletion(context, groupId, group.tip, call);
    return undefined;
  }
  check(group?.state);
  const state = group?.state ?? { ...NEW_GROUP, emptySinceMs: runtime.clock.nowMs() };
  const tag = randomName(runtime.random, 12);
  const { tip, parts } = planGroupWrite(groupId, group?.tip, { state, tag, deleting: false });
  const outcome = await writeGroup({ items, clock: runtime.clock }, parts, call);
  return outcome.kind === "done" ? { tip, state } : undefined;
}

function partOf(
  groupId: string,
  { epoch }: GroupState,
  [partition, committed]: readonly [PartitionKey, CommittedOffset | undefined],
): TransactPart {
  const key = offsetKeyOf(groupId, partition);
  if (committed === undefined) return { kind: "delete", key, conditions: [] };
  return {
    kind: "put",
    key,
    item: encodeGroupOffset({ owner: "", fence: epoch, sequence: 0, committed }),
    conditions: [],
  };
}
