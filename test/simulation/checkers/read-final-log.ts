import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { batchesOf } from "../clients/stored-batch.ts";
import type { FinalBatch, FinalLog } from "./final-log.ts";

const FETCH_BYTES = 200_000;
const FETCHES_MAX = 5000;

/** Reads a whole partition without faults. Fails as the service does. */
export async function readFinalLog(
  service: LogService,
  context: () => RequestContext,
  place: { readonly topic: string; readonly partition: number },
): Promise<FinalLog> {
  const batches: FinalBatch[] = [];
  let position = 0;
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
      return { ...place, logStart: answer.logStart, highWatermark: answer.highWatermark, batches };
    }
    position = last.baseOffset + new DataView(last.bytes.buffer, last.bytes.byteOffset).getInt32(23) + 1;
  }
  throw new Error(`${place.topic}-${place.partition} does not end`);
}
