import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import type { Fetched, FetchRequest, PartitionResult } from "../../../lib/api/record-types.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import type { Codecs } from "../../../lib/base/compression.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { decodeBatch } from "../../../lib/records/decode-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import type { LanePlace } from "../clients/batch-maker.ts";
import { expectLogError } from "../clients/errors.ts";
import type { World } from "../world.ts";
import type { KeyedLedger } from "./keyed-ledger.ts";

type FetchOne = (request: FetchRequest) => Promise<PartitionResult<Fetched> | undefined>;

/** Reads a compacted partition from the beginning to the end, again and again, and judges each reading. */
export async function readKeyed(
  world: World,
  ledger: KeyedLedger,
  place: LanePlace,
  stopping: () => boolean,
): Promise<void> {
  const { tide, story, network, cluster, history } = world;
  const name = `keyed-reader-${place.partition}`;
  const client = world.client(name);
  const random = world.fork(name);
  while (!stopping()) {
    await tide.pause(random.around(story.keyed.readEveryMs));
    const fetch: FetchOne = async (request) => {
      const endpoint = cluster.anyEndpoint();
      const invoke = (service: LogService, context: RequestContext) => service.fetch(context, request);
      return (await network.call({ client, endpoint, timeoutMs: 12_000, invoke })).partitions[0];
    };
    try {
      await readOnce(world, ledger, place, client.runtime.codecs, fetch);
    } catch (error) {
      expectLogError(history, `fetch of ${place.topic}-${place.partition}`, error);
    }
  }
}

/** One reading; fails as the fetch does, and then judges nothing but what came. */
export async function readOnce(
  { history, story }: Pick<World, "history" | "story">,
  ledger: KeyedLedger,
  place: LanePlace,
  codecs: Codecs,
  fetch: FetchOne,
): Promise<void> {
  const reading = ledger.begin(`${place.topic}-${place.partition}`);
  const maxBytes = story.keyed.readBytes;
  for (let offset = 0; ; ) {
    const partitions = [{ ...place, offset, maxBytes }];
    const answer = await fetch({ maxWaitMs: 0, minBytes: 1, maxBytes, isolation: "read_uncommitted", partitions });
    if (answer === undefined) throw new LogError("UnknownServerError", "no answer for the partition");
    if (!answer.ok) throw answer.error;
    const batches = splitBatches(concatBytes(answer.records));
    for (const batch of batches) {
      const options = { codecs, decompressedBytesMax: 1_000_000, verifyCrc: true };
      for (const record of await decodeBatch(batch, options)) {
        if (record.offset >= reading.next) ledger.saw(reading, record);
      }
      offset = endOffsetOf(readBatchHeader(batch));
    }
    if (offset >= answer.highWatermark) return ledger.end(reading);
    if (batches.length === 0) {
      const where = `${reading.place}: nothing comes at ${offset}`;
      return history.report("AckDurable", `${where}, below the high watermark ${answer.highWatermark}`);
    }
  }
}
