import type { RequestContext } from "../api/log-service.ts";
import type { Appended, PartitionResult, ProducePart, ProduceReply, ProduceRequest } from "../api/record-types.ts";
import { settleWithin } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { requestPartitionsMax } from "../base/limits.ts";
import type { Appended as AppendedBatch } from "../log/append/pending-batch.ts";
import type { PartitionRef } from "../log/log-context.ts";
import { type AcceptedBatch, acceptBatch } from "./check-produced.ts";
import { asLogError, findOrCreateTopic, findPartition, onCurrentTopic, type ServiceCore } from "./service-core.ts";

/** A batch that its topic takes, and where it goes. */
interface Accepted {
  readonly ref: PartitionRef;
  readonly batch: AcceptedBatch;
}

type Checked =
  | ({ readonly ok: true; readonly part: ProducePart } & Accepted)
  | { readonly ok: false; readonly part: ProducePart; readonly error: LogError };

/** All parts are checked before the first is queued, so that those to be staged share one object. */
export async function produce(
  core: ServiceCore,
  context: RequestContext,
  request: ProduceRequest,
): Promise<ProduceReply> {
  checkProduce(request);
  const checked = await Promise.all(request.partitions.map((part) => check(core, context, part)));
  const appended = checked.map((each) =>
    each.ok ? append(core, context, each) : Promise.resolve(refused(each.part, each.error)),
  );
  if (request.acks !== 0) return { partitions: await Promise.all(appended) };
  return { partitions: checked.map((each) => (each.ok ? unanswered(each.part) : refused(each.part, each.error))) };
}

function checkProduce(request: ProduceRequest): void {
  if (request.acks !== 0 && request.acks !== 1 && request.acks !== -1) {
    throw new LogError("InvalidRequiredAcks", `acks is 0, 1 or -1 (all), not ${String(request.acks)}`);
  }
  const { length } = request.partitions;
  if (length > requestPartitionsMax) {
    throw new LogError("InvalidRequest", `a request names at most ${requestPartitionsMax} partitions, not ${length}`);
  }
  const names = new Set(request.partitions.map(({ topic, partition }) => `${topic}/${partition}`));
  if (names.size !== length) throw new LogError("InvalidRequest", "a request names each partition once");
}

async function check(core: ServiceCore, context: RequestContext, part: ProducePart): Promise<Checked> {
  try {
    core.authorize(context.principal, "write", { kind: "topic", name: part.topic });
    return { ok: true, part, ...(await accept(core, context, part)) };
  } catch (error) {
    return { ok: false, part, error: asLogError(core, error) };
  }
}

async function accept(core: ServiceCore, context: RequestContext, part: ProducePart): Promise<Accepted> {
  const topic = await findOrCreateTopic(core, part.topic, context);
  const ref = await findPartition(core, topic, part.partition, context);
  return { ref, batch: await acceptBatch(core, topic, part.records) };
}

async function append(
  core: ServiceCore,
  context: RequestContext,
  { part, ref, batch }: Extract<Checked, { ok: true }>,
): Promise<PartitionResult<Appended>> {
  let current: Accepted = { ref, batch };
  let first = true;
  try {
    return await onCurrentTopic(core, part.topic, async () => {
      // The partition was deleted on the way: under the same name there may be a new one, with configs of its own.
      if (!first) current = await accept(core, context, part);
      first = false;
      const { baseOffset, logStart, duplicate } = await queue(core, context, current);
      const appendTimeMs = duplicate ? -1 : current.batch.appendTimeMs;
      return { topic: part.topic, partition: part.partition, ok: true, baseOffset, logStart, appendTimeMs };
    });
  } catch (error) {
    return refused(part, asLogError(core, error));
  }
}

function queue(core: ServiceCore, context: RequestContext, { ref, batch }: Accepted): Promise<AppendedBatch> {
  const { bytes, header } = batch;
  const appended = new Promise<AppendedBatch>((settle, fail) => {
    core.engine.appender.append(ref, { bytes, header, call: context, gapSinceMs: undefined, settle, fail });
  });
  return settleWithin(core.engine.context.runtime.clock, context, "produce", appended);
}

function refused(part: ProducePart, error: LogError): PartitionResult<Appended> {
  return { topic: part.topic, partition: part.partition, ok: false, error };
}

function unanswered(part: ProducePart): PartitionResult<Appended> {
  const { topic, partition } = part;
  return { topic, partition, ok: true, baseOffset: -1, logStart: -1, appendTimeMs: -1 };
}
