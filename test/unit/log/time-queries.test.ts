import { beforeAll, describe, expect, test } from "vitest";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { offsetForTime, offsetOfNewest } from "../../../lib/log/read/offset-for-time.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import type { ByteRange } from "../../../lib/storage/object-store.ts";
import { append, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const WHOLE = { bytes: Number.MAX_SAFE_INTEGER, olderThan: Number.MAX_SAFE_INTEGER };
const SEGMENTS = 40;
const BATCHES = 24;
const RECORDS = 4;
const value = new Uint8Array(32 * 1024);
/** Of the record at an offset: one each ten ms. */
const timeOf = (offset: number): number => 1000 + offset * 10;
const END = (SEGMENTS + 2) * BATCHES * RECORDS;
const SEGMENT_RECORDS = BATCHES * RECORDS;

const log = new TestLog();
let ref: PartitionRef;

beforeAll(async () => {
  ref = await log.partition();
  const engine = log.engine();
  let offset = 0;
  for (let segment = 0; segment < SEGMENTS + 2; segment++) {
    for (let batch = 0; batch < BATCHES; batch++) {
      const records = Array.from({ length: RECORDS }, () => {
        return { key: null, value, headers: [], timestampMs: timeOf(offset++) };
      });
      await append(engine, ref, encodeUncompressedBatch(records));
    }
    if (segment <= SEGMENTS) await spill(engine.context, ref, testCall);
    if (segment < SEGMENTS) await rollPartition(engine.context, ref, WHOLE, testCall);
  }
});

/** One time query by a broker that has nothing in its memory, with what it reads. */
async function counted(query: (context: ReturnType<TestLog["engine"]>["context"]) => Promise<unknown>) {
  const reads = { items: 0, objects: 0, bytes: 0 };
  const engine = log.engine({
    items: (_, proceed) => {
      reads.items++;
      return proceed();
    },
    objects: ({ args }, proceed) => {
      const range = args[2] as ByteRange | undefined;
      reads.objects++;
      reads.bytes += (range?.end ?? Number.POSITIVE_INFINITY) - (range?.start ?? 0);
      return proceed();
    },
  });
  return { found: await query(engine.context), reads };
}

const at = (offset: number) => ({ offset, timestamp: timeOf(offset) });

describe("a time query over forty segments of three MiB, entries and a tail", () => {
  test.each([
    ["in the first segment", 0],
    ["in the middle of a batch of a segment in the middle", 20 * SEGMENT_RECORDS + 41],
    ["at the end of the last segment", SEGMENTS * SEGMENT_RECORDS - 1],
  ])("finds the record %s with four item reads or fewer and one get of about a MiB", async (_, offset) => {
    const { found, reads } = await counted((context) => offsetForTime(context, ref, timeOf(offset) - 9, testCall));
    expect(found).toEqual(at(offset));
    expect(reads.items).toBeLessThanOrEqual(4);
    expect(reads.objects).toBe(1);
    expect(reads.bytes).toBeLessThanOrEqual(1.1 * 1024 * 1024);
  });

  test("reads no segment for a record that is not yet in one", async () => {
    const offset = END - 2;
    const { found, reads } = await counted((context) => offsetForTime(context, ref, timeOf(offset), testCall));
    expect(found).toEqual(at(offset));
    expect(reads.objects).toBe(1);
    expect(reads.bytes).toBeLessThan(4.2 * 32 * 1024);
  });

  test("reads no bytes to tell that all records are older", async () => {
    const { found, reads } = await counted((context) => offsetForTime(context, ref, timeOf(END), testCall));
    expect(found).toBeUndefined();
    expect(reads).toMatchObject({ objects: 0 });
  });

  test("for the newest record reads the one batch that holds it, not everything that was ever the newest", async () => {
    const { found, reads } = await counted((context) => offsetOfNewest(context, ref, testCall));
    expect(found).toEqual(at(END - 1));
    expect(reads.items).toBeLessThanOrEqual(6);
    expect(reads.objects).toBe(1);
  });
});
