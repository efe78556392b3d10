import type { CommitOffsetPart, CommitOffsetsReply, CommitOffsetsRequest } from "../api/group-types.ts";
import type { RequestContext } from "../api/log-service.ts";
import type { PartitionResult } from "../api/record-types.ts";
import { LogError } from "../base/errors.ts";
import { offsetMetadataBytesMax, offsetsAtOnceMax } from "../base/limits.ts";
import { alterOffsets } from "../groups/alter-offsets.ts";
import { type Committer, commitOffset } from "../groups/commit-offset.ts";
import { inPortions } from "../groups/in-portions.ts";
import type { PartitionRef } from "../log/log-context.ts";
import { readHead } from "../log/read-head.ts";
import type { CommittedOffset } from "../storage/items/group-offset.ts";
import type { GroupState } from "../storage/items/group-state.ts";
import { partitionKeyOf } from "../storage/items/partition-sets.ts";
import { checkHowMany, enterGroup } from "./group-names.ts";
import { asLogError, findPartition, findTopic, onCurrentTopic, type ServiceCore } from "./service-core.ts";

/** A part that was found good: where it goes, and what. */
interface Checked {
  readonly ref: PartitionRef;
  readonly committed: CommittedOffset;
}

/** Each partition on its own; of a group without members all at once, or none. */
export async function commitOffsets(
  core: ServiceCore,
  context: RequestContext,
  request: CommitOffsetsRequest,
): Promise<CommitOffsetsReply> {
  const { groupId } = request;
  enterGroup(core, context, groupId, "read");
  checkHowMany(request.partitions);
  const committer = committerOf(request);
  const checked = await inPortions(request.partitions, offsetsAtOnceMax, (portion) =>
    Promise.all(portion.map((part) => settled(core, part, () => checkPart(core, context, part)))),
  );
  const write =
    committer === undefined
      ? await setFromOutside(core, context, groupId, checked)
      : ({ ref, committed }: Checked) =>
          commitOffset(core.groups, groupId, committer, { partition: keyOf(ref), committed }, context);
  const partitions = await inPortions(checked, offsetsAtOnceMax, (portion) =>
    Promise.all(
      portion.map((part): PartitionResult<object> | Promise<PartitionResult<object>> =>
        part.ok ? settled(core, part, () => write(part).then(() => ({}))) : part,
      ),
    ),
  );
  return { partitions };
}

function keyOf(ref: PartitionRef) {
  return partitionKeyOf(ref.topicId, ref.partition);
}

/** Undefined for a request of no member. */
function committerOf({ memberId = "", memberEpoch = -1, sequence }: CommitOffsetsRequest): Committer | undefined {
  if (memberId === "" && memberEpoch < 0) return undefined;
  if (!Number.isSafeInteger(sequence) || (sequence ?? 0) < 1) {
    throw new LogError("InvalidRequest", "a member numbers its commits: the sequence is a whole number from 1");
  }
  return { memberId, epoch: memberEpoch, sequence: sequence ?? 0 };
}

async function settled<Answer extends object>(
  core: ServiceCore,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  work: () => Promise<Answer>,
): Promise<PartitionResult<Answer>> {
  try {
    return { topic, partition, ok: true, ...(await work()) };
  } catch (error) {
    return { topic, partition, ok: false, error: asLogError(core, error) };
  }
}

async function checkPart(core: ServiceCore, context: RequestContext, part: CommitOffsetPart): Promise<Checked> {
  const { topic: name, partition, offset, leaderEpoch = -1, metadata = "" } = part;
  core.authorize(context.principal, "read", { kind: "topic", name });
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new LogError("InvalidRequest", `an offset to commit is a whole number from 0, not ${offset}`);
  }
  const metadataBytes = Buffer.byteLength(metadata);
  if (metadataBytes > offsetMetadataBytesMax) {
    throw new LogError(
      "OffsetMetadataTooLarge",
      `the metadata has ${metadataBytes} bytes, at most ${offsetMetadataBytesMax} are kept`,
      { details: { bytes: metadataBytes, max: offsetMetadataBytesMax } },
    );
  }
  const ref = await onCurrentTopic(core, name, async () => {
    const found = await findPartition(core, await findTopic(core, name, context), partition, context);
    checkTopicId(found, part);
    await checkReached(core, context, found, part);
    return found;
  });
  return { ref, committed: { offset, leaderEpoch, metadata, committedMs: nowMs(core) } };
}

function nowMs(core: ServiceCore): number {
  return core.engine.context.runtime.clock.nowMs();
}

function checkTopicId({ topicId }: PartitionRef, part: CommitOffsetPart): void {
  if (part.topicId === undefined || part.topicId === topicId) return;
  throw new LogError("UnknownTopicId", `topic ${part.topic} has been recreated: this offset was of the one before`, {
    details: { topic: part.topic, topicId: part.topicId },
  });
}

/** Reads the partition's head only when the offset is above all that this broker has seen of it. */
async function checkReached(
  core: ServiceCore,
  context: RequestContext,
  ref: PartitionRef,
  { topic, partition, offset }: CommitOffsetPart,
): Promise<void> {
  if (core.watermarks.reaches(ref, offset)) return;
  const head = await readHead(core.engine.context, ref, context);
  core.watermarks.note(ref, head.next);
  if (offset <= head.next) return;
  throw new LogError(
    "OffsetOutOfRange",
    `offset ${offset} of ${topic}/${partition} does not exist yet: the high watermark is ${head.next}`,
    { details: { topic, partition, offset, highWatermark: head.next } },
  );
}

/** All that were found good in one go, before the answers are made. */
async function setFromOutside(
  core: ServiceCore,
  context: RequestContext,
  groupId: string,
  checked: readonly PartitionResult<Checked>[],
): Promise<(each: Checked) => Promise<void>> {
  const good = checked.flatMap((part) => (part.ok ? [[keyOf(part.ref), part.committed] as const] : []));
  let failure: unknown;
  try {
    if (good.length > 0) await alterOffsets(core.groups, groupId, new Map(good), { check: checkNoMembers }, context);
  } catch (error) {
    failure = error;
  }
  return () => (failure === undefined ? Promise.resolve() : Promise.reject(failure));
}

/** Kafka's answer to a commit that names no member, in a group that has some. */
function checkNoMembers(state: GroupState | undefined): void {
  if (state === undefined || state.members.size === 0) return;
  throw new LogError("UnknownMemberId", "the group has members: only they may commit, each what it was given");
}
