import type { OffsetTarget, ResetOffset, ResetOffsetsReply, ResetOffsetsRequest } from "../api/group-types.ts";
import { NO_OFFSET } from "../api/group-types.ts";
import type { RequestContext } from "../api/log-service.ts";
import type { PartitionResult, TopicPartition } from "../api/record-types.ts";
import { LogError } from "../base/errors.ts";
import { offsetsAtOnceMax } from "../base/limits.ts";
import { alterOffsets } from "../groups/alter-offsets.ts";
import { nonEmptyGroup, unknownGroup } from "../groups/find-member.ts";
import { inPortions } from "../groups/in-portions.ts";
import { readOffsets } from "../groups/read-offsets.ts";
import type { PartitionRef } from "../log/log-context.ts";
import { offsetForTime } from "../log/read/offset-for-time.ts";
import { readHead } from "../log/read-head.ts";
import type { CommittedOffset } from "../storage/items/group-offset.ts";
import type { GroupState } from "../storage/items/group-state.ts";
import { type PartitionKey, partitionKeyOf } from "../storage/items/partition-sets.ts";
import { checkHowMany, enterGroup } from "./group-names.ts";
import { committedOffsets, findRefs } from "./group-offsets.ts";
import { asLogError, findTopic, type ServiceCore } from "./service-core.ts";

interface Planned extends ResetOffset {
  readonly ref: PartitionRef;
}

/** Says where each partition would go, then sets them all unless it is a dry run or the group has members. */
export async function resetOffsets(
  core: ServiceCore,
  context: RequestContext,
  request: ResetOffsetsRequest,
): Promise<ResetOffsetsReply> {
  const { groupId, to, dryRun = false } = request;
  enterGroup(core, context, groupId, "alter");
  checkTarget(to);
  const places = await placesOf(core, context, request);
  checkHowMany(places);
  const planned = await inPortions(places, offsetsAtOnceMax, (portion) => plan(core, context, groupId, portion, to));
  if (dryRun) await checkThereIs(core, context, groupId);
  else await carryOut(core, context, groupId, planned);
  return {
    partitions: planned.map((part) => {
      if (!part.ok) return part;
      const { ref: _, ...answer } = part;
      return answer;
    }),
  };
}

/** What would be refused in earnest is no plan. Members may still be there: they are stopped once it is seen. */
async function checkThereIs(core: ServiceCore, context: RequestContext, groupId: string): Promise<void> {
  const group = await core.groups.store.read(groupId, context);
  if (group === undefined || group.tip.deleting) throw unknownGroup();
}

function checkTarget(to: OffsetTarget): void {
  const number = to.kind === "offset" ? to.offset : to.kind === "timestamp" ? to.timestamp : 0;
  const by = to.kind === "shift" ? to.by : 0;
  if (Number.isSafeInteger(number) && number >= 0 && Number.isSafeInteger(by)) return;
  throw new LogError("InvalidRequest", "an offset or a timestamp is a whole number from 0, a shift is a whole number");
}

async function placesOf(
  core: ServiceCore,
  context: RequestContext,
  { groupId, topics, partitions }: ResetOffsetsRequest,
): Promise<readonly TopicPartition[]> {
  const places = [...(partitions ?? [])];
  for (const name of topics ?? []) {
    const topic = await findTopic(core, name, context);
    for (let partition = 0; partition < topic.partitions; partition++) places.push({ topic: name, partition });
  }
  return partitions === undefined && topics === undefined ? committedOffsets(core, context, groupId) : places;
}

async function plan(
  core: ServiceCore,
  context: RequestContext,
  groupId: string,
  places: readonly TopicPartition[],
  to: OffsetTarget,
): Promise<readonly PartitionResult<Planned>[]> {
  const refs = await findRefs(core, context, places);
  const keys = refs.flatMap((ref) => (ref instanceof LogError ? [] : [partitionKeyOf(ref.topicId, ref.partition)]));
  const committed = [...(await readOffsets(core.groups.context, groupId, keys, context))];
  return Promise.all(
    refs.map(async (ref, at): Promise<PartitionResult<Planned>> => {
      const { topic, partition } = places[at] as TopicPartition;
      try {
        if (ref instanceof LogError) throw ref;
        const before = committed.shift()?.offset ?? NO_OFFSET;
        return { topic, partition, ok: true, ref, before, offset: await targetOf(core, context, ref, before, to) };
      } catch (error) {
        return { topic, partition, ok: false, error: asLogError(core, error) };
      }
    }),
  );
}

async function targetOf(
  core: ServiceCore,
  context: RequestContext,
  ref: PartitionRef,
  before: number,
  to: OffsetTarget,
): Promise<number> {
  const head = await readHead(core.engine.context, ref, context);
  const within = (offset: number): number => Math.min(Math.max(offset, head.logStart), head.next);
  switch (to.kind) {
    case "beginning":
      return head.logStart;
    case "end":
      return head.next;
    case "offset":
      return within(to.offset);
    case "shift":
      if (before === NO_OFFSET) throw new LogError("InvalidRequest", "nothing is committed that could be shifted");
      return within(before + to.by);
    case "timestamp": {
      const found = await offsetForTime(core.engine.context, ref, to.timestamp, context);
      return within(found?.offset ?? head.next);
    }
  }
}

async function carryOut(
  core: ServiceCore,
  context: RequestContext,
  groupId: string,
  planned: readonly PartitionResult<Planned>[],
): Promise<void> {
  const committedMs = core.engine.context.runtime.clock.nowMs();
  const changes = new Map<PartitionKey, CommittedOffset>();
  for (const part of planned) {
    if (!part.ok) continue;
    const { ref, offset } = part;
    changes.set(partitionKeyOf(ref.topicId, ref.partition), { offset, leaderEpoch: -1, metadata: "", committedMs });
  }
  await alterOffsets(core.groups, groupId, changes, { check: (state) => checkResettable(groupId, state) }, context);
}

function checkResettable(groupId: string, state: GroupState | undefined): void {
  if (state === undefined) throw unknownGroup();
  if (state.members.size > 0) throw nonEmptyGroup(groupId, state.members.size);
}
