import type { RequestContext } from "../api/log-service.ts";
import type { Fetched, FetchPart, FetchReply, FetchRequest, PartitionResult } from "../api/record-types.ts";
import { type Call, remainingMs } from "../base/call.ts";
import { isLogError, LogError } from "../base/errors.ts";
import { fetchBytesMax, requestPartitionsMax, serviceWaitMsMax } from "../base/limits.ts";
import { type PartitionRef, partitionName } from "../log/log-context.ts";
import { checkRange, readLog } from "../log/read/read-log.ts";
import { openHead } from "../log/read-head.ts";
import { headKey } from "../storage/item-keys.ts";
import type { Head } from "../storage/items/head.ts";
import { checkLeaderEpoch } from "./leader-epoch.ts";
import { asLogError, findPartition, findTopic, type ServiceCore } from "./service-core.ts";

const HEADS_EACH = 100;
/** While it waits, a fetch looks at the heads itself so often: another broker's appends wake nobody here. */
const POLL_MS_MIN = 50;
const POLL_MS_MAX = 1000;
/** Left for the answer when a request's own time is shorter than what it would wait. */
const ANSWER_MS = 50;

interface Asked {
  readonly part: FetchPart;
  readonly ref: PartitionRef;
}

/** Reads every part; when that yields less than asked for, waits for appends and reads again. */
export async function fetch(core: ServiceCore, context: RequestContext, request: FetchRequest): Promise<FetchReply> {
  checkFetch(request);
  const { clock } = core.engine.context.runtime;
  const waitMs = Math.min(request.maxWaitMs, serviceWaitMsMax, remainingMs(clock, context) - ANSWER_MS);
  const waitUntilMs = clock.monotonicMs() + waitMs;
  for (let pollMs = POLL_MS_MIN; ; pollMs = Math.min(pollMs * 2, POLL_MS_MAX)) {
    const listener = core.engine.signal.listen(waitMs > 0 ? await partitionNames(core, context, request) : []);
    try {
      const partitions = await readParts(core, context, request);
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

/** An error, or data enough, is worth answering at once. */
function isEnough(request: FetchRequest, partitions: readonly PartitionResult<Fetched>[]): boolean {
  let bytes = 0;
  for (const part of partitions) {
    if (!part.ok) return true;
    for (const each of part.records) bytes += each.byteLength;
  }
  return bytes >= request.minBytes;
}

async function readParts(
  core: ServiceCore,
  context: RequestContext,
  request: FetchRequest,
): Promise<readonly PartitionResult<Fetched>[]> {
  const found = await Promise.all(request.partitions.map((part) => findAsked(core, context, part)));
  const heads = await headsOf(
    core,
    context,
    found.filter((each): each is Asked => !(each instanceof LogError)),
  );
  const results: PartitionResult<Fetched>[] = [];
  let room = Math.min(request.maxBytes, fetchBytesMax);
  for (const [index, part] of request.partitions.entries()) {
    const asked = found[index] as Asked | LogError;
    const result = await readPart(core, context, part, asked, heads, {
      room,
      first: room === Math.min(request.maxBytes, fetchBytesMax),
    });
    if (result.ok) for (const each of result.records) room -= each.byteLength;
    results.push(result);
    room = Math.max(0, room);
  }
  return results;
}

async function findAsked(core: ServiceCore, context: RequestContext, part: FetchPart): Promise<Asked | LogError> {
  try {
    core.authorize(context.principal, "read", { kind: "topic", name: part.topic });
    const topic = await findTopic(core, part.topic, context);
    return { part, ref: await findPartition(core, topic, part.partition, context) };
  } catch (error) {
    return asLogError(core, error);
  }
}

/** Consistent reads of all heads, a hundred to a request; a missing one is left out. */
async function headsOf(core: ServiceCore, call: Call, asked: readonly Asked[]): Promise<Map<string, Head | LogError>> {
  const heads = new Map<string, Head | LogError>();
  for (let at = 0; at < asked.length; at += HEADS_EACH) {
    const some = asked.slice(at, at + HEADS_EACH);
    const keys = some.map(({ ref }) => headKey(ref.topicId, ref.partition));
    const items = await core.engine.context.items.getMany(keys, call);
    for (const [index, { ref, part }] of some.entries()) {
      heads.set(partitionName(ref), openOrError(core, part.topic, ref, items[index]));
    }
  }
  return heads;
}

function openOrError(
  core: ServiceCore,
  topic: string,
  ref: PartitionRef,
  item: Parameters<typeof openHead>[2],
): Head | LogError {
  try {
    return openHead(core.engine.context, ref, item);
  } catch (error) {
    // Deleted, perhaps recreated: the next request looks the name up anew.
    if (isLogError(error, "UnknownTopicOrPartition")) core.engine.catalog.forget(topic);
    return asLogError(core, error);
  }
}

async function readPart(
  core: ServiceCore,
  context: RequestContext,
  part: FetchPart,
  asked: Asked | LogError,
  heads: ReadonlyMap<string, Head | LogError>,
  limit: { readonly room: number; readonly first: boolean },
): Promise<PartitionResult<Fetched>> {
  const { topic, partition } = part;
  if (asked instanceof LogError) return { topic, partition, ok: false, error: asked };
  const head = heads.get(partitionName(asked.ref));
  if (head === undefined || head instanceof LogError) {
    return { topic, partition, ok: false, error: head ?? asLogError(core, new Error("no head was read")) };
  }
  try {
    checkLeaderEpoch(head, part.currentLeaderEpoch);
    checkRange(asked.ref, head, part.offset);
    if (part.offset === head.next || (limit.room === 0 && !limit.first)) return answer(part, head, []);
    const bytesMax = Math.min(part.maxBytes, limit.room);
    const read = await readLog(core.engine.context, asked.ref, { offset: part.offset, bytesMax, head }, context);
    return answer(part, read.head, read.parts);
  } catch (error) {
    return { topic, partition, ok: false, error: asLogError(core, error) };
  }
}

function answer(part: FetchPart, head: Head, records: readonly Uint8Array[]): PartitionResult<Fetched> {
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
    const topic = await core.engine.catalog.find(name, context);
    if (topic !== undefined) names.push(partitionName({ topicId: topic.topicId, partition }));
  }
  return names;
}
