import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { EARLIEST_TIMESTAMP } from "../../../lib/api/record-types.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { batchesOf } from "../clients/stored-batch.ts";
import type { FinalBatch, FinalLog } from "./final-log.ts";

const FETCH_BYTES = 200_000;
const FETCHES_MAX = 5000;
const ATTEMPTS_MAX = 20;

async function startOf(
  service: LogService,
  context: RequestContext,
  place: { readonly topic: string; readonly partition: number },
): Promise<number> {
  const partitions = [{ ...place, timestamp: EARLIEST_TIMESTAMP }];
  const reply = await service.listOffsets(context, { isolation: "read_uncommitted", partitions });
  const answer = reply.partitions[0];
  if (answer?.ok === false) throw answer.error;
  return answer?.offset ?? 0;
}

/** Reads a whole partition without faults, again when retention moves its start meanwhile. Fails as the service does. */
export async function readFinalLog(
  service: LogService,
  context: () => RequestContext,
  place: { readonly topic: string; readonly partition: number },
): Promise<FinalLog> {
  for (let attempt = 1; ; attempt++) {
    try {
      const log = await readOnce(service, context, place);
      if ((await startOf(service, context(), place)) === log.logStart || attempt === ATTEMPTS_MAX) return log;
    } catch (error) {
      if (!isLogError(error, "OffsetOutOfRange") || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function readOnce(
  service: LogService,
  context: () => RequestContext,
  place: { readonly topic: string; readonly partition: number },
): Promise<FinalLog> {
  const batches: FinalBatch[] = [];
  const logStart = await startOf(service, context(), place);
  let position = logStart;
  for (let count = 0; count < FETCHES_MAX; count++) {
    const reply = await service.fetch(context(), {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: FETCH_BYTES,
      isolation: "read_uncommitted",
      partitions: [{ ...place, offset: position, maxBytes: FETCH_BYTES }],
    });
    const answer = reply.partitions[0];
    if (answer === undefined) throw new Error("a fetch reply without the partition that was asked for");
    if (!answer.ok) throw answer.error;
    const found = batchesOf(concatBytes(answer.records));
    batches.push(...found);
    const last = found.at(-1);
    if (last === undefined || position >= answer.highWatermark) {
      return { ...place, logStart, highWatermark: answer.highWatermark, batches };
    }
    position = last.baseOffset + new DataView(last.bytes.buffer, last.bytes.byteOffset).getInt32(23) + 1;
  }
  throw new Error(`${place.topic}-${place.partition} does not end`);
}
