import type {
  DeleteOffsetsReply,
  DeleteOffsetsRequest,
  FetchedOffset,
  FetchOffsetsReply,
  FetchOffsetsRequest,
} from "../api/group-types.ts";
import { NO_OFFSET } from "../api/group-types.ts";
import type { RequestContext } from "../api/log-service.ts";
import type { PartitionResult, TopicPartition } from "../api/record-types.ts";
import { LogError } from "../base/errors.ts";
import type { TopicId } from "../base/ids.ts";
import { alterOffsets } from "../groups/alter-offsets.ts";
import { unknownGroup, unknownMember } from "../groups/find-member.ts";
import { readAllOffsets, readOffsets } from "../groups/read-offsets.ts";
import { isSubscribed } from "../groups/topics-view.ts";
import type { PartitionRef } from "../log/log-context.ts";
import { topicKey } from "../storage/item-keys.ts";
import { getManyKeysMax } from "../storage/item-limits.ts";
import type { CommittedOffset } from "../storage/items/group-offset.ts";
import type { GroupState } from "../storage/items/group-state.ts";
import { parsePartitionKey, partitionKeyOf } from "../storage/items/partition-sets.ts";
import { decodeTopic } from "../storage/items/topic.ts";
import { checkHowMany, enterGroup } from "./group-names.ts";
import { asLogError, findPartition, findTopic, type ServiceCore } from "./service-core.ts";

export async function fetchOffsets(
  core: ServiceCore,
  context: RequestContext,
  request: FetchOffsetsRequest,
): Promise<FetchOffsetsReply> {
  const { groupId, partitions } = request;
  enterGroup(core, context, groupId, "describe");
  if (request.memberId !== undefined) await checkMember(core, context, request);
  if (partitions === undefined) return { partitions: await committedOffsets(core, context, groupId) };
  checkHowMany(partitions);
  const refs = await findRefs(core, context, partitions);
  const keys = refs.flatMap((ref) => (ref instanceof LogError ? [] : [partitionKeyOf(ref.topicId, ref.partition)]));
  const found = await readOffsets(core.groups.context, groupId, keys, context);
  let next = 0;
  return {
    partitions: refs.map((ref, at) => {
      const { topic, partition } = partitions[at] as TopicPartition;
      if (ref instanceof LogError) return { topic, partition, ok: false, error: ref };
      return { topic, partition, ok: true, ...fetched(ref.topicId, found[next++]) };
    }),
  };
}

function fetched(topicId: string, committed: CommittedOffset | undefined): FetchedOffset {
  if (committed === undefined) return { topicId, offset: NO_OFFSET, leaderEpoch: -1, metadata: "" };
  const { offset, leaderEpoch, metadata } = committed;
  return { topicId, offset, leaderEpoch, metadata };
}

/** A member that is one no more must not begin at an offset that its successor is about to move. */
async function checkMember(core: ServiceCore, context: RequestContext, request: FetchOffsetsRequest): Promise<void> {
  const { memberId = "", memberEpoch = -1 } = request;
  const group = await core.groups.store.read(request.groupId, context);
  if (group === undefined || group.tip.deleting) throw unknownGroup();
  const member = group.state.members.get(memberId);
  if (member === undefined) throw unknownMember(memberId);
  if (memberEpoch >= member.joinedEpoch && memberEpoch <= member.epoch) return;
  throw new LogError("StaleMemberEpoch", `the member's epoch is ${member.epoch}, not ${memberEpoch}`, {
    details: { memberId, memberEpoch: member.epoch },
  });
}

export async function findRefs(
  core: ServiceCore,
  context: RequestContext,
  partitions: readonly TopicPartition[],
): Promise<readonly (PartitionRef | LogError)[]> {
  return Promise.all(
    partitions.map(async ({ topic: name, partition }) => {
      try {
        core.authorize(context.principal, "describe", { kind: "topic", name });
        return await findPartition(core, await findTopic(core, name, context), partition, context);
      } catch (error) {
        return asLogError(core, error);
      }
    }),
  );
}

type Fetched = TopicPartition & { readonly ok: true } & FetchedOffset;

/** All that a group has committed in topics that still exist, by topic and partition. */
export async function committedOffsets(
  core: ServiceCore,
  context: RequestContext,
  groupId: string,
): Promise<readonly Fetched[]> {
  const offsets = await readAllOffsets(core.groups.context, groupId, context);
  const names = await topicNames(
    core,
    context,
    new Set([...offsets.keys()].map((key) => parsePartitionKey(key).topicId)),
  );
  const all: Fetched[] = [];
  for (const [key, committed] of offsets) {
    const { topicId, partition } = parsePartitionKey(key);
    const topic = names.get(topicId);
    if (topic !== undefined) all.push({ topic, partition, ok: true, ...fetched(topicId, committed) });
  }
  return all.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
}

async function topicNames(
  core: ServiceCore,
  context: RequestContext,
  topicIds: ReadonlySet<TopicId>,
): Promise<ReadonlyMap<TopicId, string>> {
  const ids = [...topicIds];
  const names = new Map<TopicId, string>();
  for (let at = 0; at < ids.length; at += getManyKeysMax) {
    const keys = ids.slice(at, at + getManyKeysMax).map(topicKey);
    for (const item of await core.engine.context.items.getMany(keys, context)) {
      const topic = item === undefined ? undefined : decodeTopic(item);
      if (topic?.state === "open") names.set(topic.topicId, topic.name);
    }
  }
  return names;
}

export async function deleteOffsets(
  core: ServiceCore,
  context: RequestContext,
  { groupId, partitions }: DeleteOffsetsRequest,
): Promise<DeleteOffsetsReply> {
  enterGroup(core, context, groupId, "delete");
  checkHowMany(partitions);
  const group = await core.groups.store.read(groupId, context);
  if (group === undefined || group.tip.deleting) throw unknownGroup();
  const refs = await findRefs(core, context, partitions);
  const results: PartitionResult<object>[] = [];
  const good = new Map<ReturnType<typeof partitionKeyOf>, undefined>();
  for (const [at, ref] of refs.entries()) {
    const { topic, partition } = partitions[at] as TopicPartition;
    const error = ref instanceof LogError ? ref : subscribedError(group.state, topic);
    if (error === undefined && !(ref instanceof LogError))
      good.set(partitionKeyOf(ref.topicId, ref.partition), undefined);
    results.push(error === undefined ? { topic, partition, ok: true } : { topic, partition, ok: false, error });
  }
  const topics = new Set(results.flatMap(({ ok, topic }) => (ok ? [topic] : [])));
  if (good.size > 0) await alterOffsets(core.groups, groupId, good, { check: checkUnsubscribed(topics) }, context);
  return { partitions: results };
}

/** Whoever subscribed meanwhile keeps its offsets. */
function checkUnsubscribed(topics: ReadonlySet<string>): (state: GroupState | undefined) => void {
  return (state) => {
    if (state === undefined) throw unknownGroup();
    for (const topic of topics) {
      const error = subscribedError(state, topic);
      if (error !== undefined) throw error;
    }
  };
}

function subscribedError(state: GroupState, topic: string): LogError | undefined {
  for (const { subscription } of state.members.values()) {
    if (!isSubscribed(subscription, topic)) continue;
    return new LogError("GroupSubscribedToTopic", `members of the group subscribe to ${topic}: stop them first`, {
      details: { topic },
    });
  }
  return undefined;
}
