import type { RequestContext } from "../api/log-service.ts";
import type { Fetched, FetchPart, FetchReply, FetchRequest, PartitionResult } from "../api/record-types.ts";
import { remainingMs } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { fetchBytesMax, requestPartitionsMax, serviceWaitMsMax } from "../base/limits.ts";
import { type PartitionRef, partitionName } from "../log/log-context.ts";
import { checkRange, lookUp, readLog } from "../log/read/read-log.ts";
import { segmentAddress } from "../log/read/segment-address.ts";
import { openHead } from "../log/read-head.ts";
import { headKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-value.ts";
import type { Head } from "../storage/items/head.ts";
import { checkLeaderEpoch } from "./leader-epoch.ts";
import { asLogError, findPartition, findTopic, type ServiceCore } from "./service-core.ts";

const HEADS_EACH = 100;
/** While it waits, a fetch looks at the heads itself so often: another broker's appends wake nobody here. */
const POLL_MS_MIN = 50;
const POLL_MS_MAX = 1000;
/** Left for the answer when a request's own time is shorter than what it would wait. */
const ANSWER_MS = 50;

/** Reads every part; when that yields less than asked for, waits for appends and reads again. */
export async function fetch(core: ServiceCore, context: RequestContext, request: FetchRequest): Promise<FetchReply> {
  checkFetch(request);
  const { clock } = core.engine.context.runtime;
  const waitMs = Math.min(request.maxWaitMs, serviceWaitMsMax, remainingMs(clock, context) - ANSWER_MS);
  const waitUntilMs = clock.monotonicMs() + waitMs;
  for (let pollMs = POLL_MS_MIN; ; pollMs = Math.min(pollMs * 2, POLL_MS_MAX)) {
    const listener = core.engine.signal.listen(waitMs > 0 ? await partitionNames(core, context, request) : []);
    try {
      const partitions = await core.traffic.during(() => readParts(core, context, request));
      const leftMs = waitUntilMs - clock.monotonicMs();
      if (leftMs <= 0 || isEnough(request, partitions) || context.signal?.aborted) return { partitions };
      await listener.wait(clock, Math.min(leftMs, pollMs), context.signal);
    } finally {
      listener.close();
    }
  }
}

function checkFetch(request: FetchRequest): void {
  if (request.partitions.length > requestPartitionsMax) {
    throw new LogError("InvalidRequest", `a request names at most ${requestPartitionsMax} partitions`);
  }
  const numbers = [
    request.maxWaitMs,
    request.minBytes,
    request.maxBytes,
    ...request.partitions.map((part) => part.maxBytes),
  ];
  if (numbers.some((each) => !Number.isFinite(each) || each < 0)) {
    throw new LogError("InvalidFetchSize", "waiting time and byte limits of a fetch are numbers from 0");
  }
}

/** An error, data enough, or where to get it, is worth answering at once. */
function isEnough(request: FetchRequest, partitions: readonly PartitionResult<Fetched>[]): boolean {
  let bytes = 0;
  for (const part of partitions) {
    if (!part.ok || part.segment !== undefined) return true;
    for (const each of part.records) bytes += each.byteLength;
  }
  return bytes >= request.minBytes;
}

async function readParts(
  core: ServiceCore,
  context: RequestContext,
  request: FetchRequest,
): Promise<readonly PartitionResult<Fetched>[]> {
  const opened = await openParts(core, context, request.partitions);
  const results: PartitionResult<Fetched>[] = [];
  const bytesMax = Math.min(request.maxBytes, fetchBytesMax);
  let bytes = 0;
  for (const [index, part] of request.partitions.entries()) {
    // The first batch of all comes whole; after that a full answer has no room for more partitions.
    const room = bytes === 0 ? Math.max(1, bytesMax) : Math.max(0, bytesMax - bytes);
    const result = await readPart(core, context, part, opened[index] as Opened | LogError, room);
    if (result.ok) for (const each of result.records) bytes += each.byteLength;
    results.push(result);
  }
  return results;
}

interface Opened {
  readonly ref: PartitionRef;
  readonly head: Head;
}

/** Consistent reads of all heads. A name whose head is gone is looked up once more: it may have been recreated. */
async function openParts(
  core: ServiceCore,
  context: RequestContext,
  parts: readonly FetchPart[],
): Promise<readonly (Opened | LogError)[]> {
  const opened = await openOnce(core, context, parts);
  const gone = parts.filter((_, index) => isLogError(opened[index], "UnknownTopicOrPartition"));
  if (gone.length === 0) return opened;
  for (const { topic } of gone) core.engine.catalog.forget(topic);
  const again = [...(await openOnce(core, context, gone))];
  return opened.map((each) => (isLogError(each, "UnknownTopicOrPartition") ? (again.shift() ?? each) : each));
}

async function openOnce(
  core: ServiceCore,
  context: RequestContext,
  parts: readonly FetchPart[],
): Promise<readonly (Opened | LogError)[]> {
  const refs = await Promise.all(parts.map((part) => findRef(core, context, part)));
  const keys = refs
    .filter((ref): ref is PartitionRef => !(ref instanceof LogError))
    .map((ref) => headKey(ref.topicId, ref.partition));
  const items: (Item | undefined)[] = [];
  for (let at = 0; at < keys.length; at += HEADS_EACH) {
    items.push(...(await core.engine.context.items.getMany(keys.slice(at, at + HEADS_EACH), context)));
  }
  return refs.map((ref) => (ref instanceof LogError ? ref : open(core, ref, items.shift())));
}

async function findRef(core: ServiceCore, context: RequestContext, part: FetchPart): Promise<PartitionRef | LogError> {
  try {
    core.authorize(context.principal, "read", { kind: "topic", name: part.topic });
    return await findPartition(core, await findTopic(core, part.topic, context), part.partition, context);
  } catch (error) {
    return asLogError(core, error);
  }
}

function open(core: ServiceCore, ref: PartitionRef, item: Item | undefined): Opened | LogError {
  try {
    return { ref, head: openHead(core.engine.context, ref, item) };
  } catch (error) {
    return asLogError(core, error);
  }
}

async function readPart(
  core: ServiceCore,
  context: RequestContext,
  part: FetchPart,
  opened: Opened | LogError,
  room: number,
): Promise<PartitionResult<Fetched>> {
  const { topic, partition } = part;
  if (opened instanceof LogError) return { topic, partition, ok: false, error: opened };
  const { ref, head } = opened;
  core.watermarks.note(ref, head.next);
  try {
    checkLeaderEpoch(head, part.currentLeaderEpoch);
    checkRange(ref, head, part.offset);
    if (part.offset === head.next || room === 0) return answer(part, head, []);
    const { offset } = part;
    const mayBeAddressed = part.readUrl === true && core.settings.readUrls && offset < head.tailBase;
    const first = mayBeAddressed ? await lookUp(core.engine.context, ref, offset, context) : undefined;
    const segment = await segmentAddress(core.engine.context, first, { offset, head }, context);
    if (segment !== undefined) return { ...answer(part, head, []), segment };
    const bytesMax = Math.min(part.maxBytes, room);
    const read = await readLog(core.engine.context, ref, { offset, bytesMax, head, first }, context);
    return answer(part, read.head, read.parts);
  } catch (error) {
    return { topic, partition, ok: false, error: asLogError(core, error) };
  }
}

function answer(
  part: FetchPart,
  head: Head,
  records: readonly Uint8Array[],
): Extract<PartitionResult<Fetched>, { ok: true }> {
  return {
    topic: part.topic,
    partition: part.partition,
    ok: true,
    highWatermark: head.next,
    lastStableOffset: head.next,
    logStart: head.logStart,
    abortedTransactions: [],
    records,
  };
}

/** What the partitions are called inside; topics that are not known have nothing to wait for. */
async function partitionNames(core: ServiceCore, context: RequestContext, request: FetchRequest): Promise<string[]> {
  const names: string[] = [];
  for (const { topic: name, partition } of request.partitions) {
    try {
      const { topicId } = await findTopic(core, name, context);
      names.push(partitionName({ topicId, partition }));
    } catch (error) {
      // Its own part of the answer tells.
      if (!isLogError(error, "UnknownTopicOrPartition", "InvalidTopic")) throw error;
    }
  }
  return names;
}
