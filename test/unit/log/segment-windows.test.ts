import { describe, expect, test } from "vitest";
import { backlogReadBytes, sparseIndexBytesEach } from "../../../lib/base/limits.ts";
import { SegmentWindows } from "../../../lib/log/read/segment-windows.ts";
import type { SegmentReference } from "../../../lib/storage/items/index-item.ts";
import type { ByteRange } from "../../../lib/storage/object-store.ts";
import { GivenMemory } from "../../support/log/given-memory.ts";
import { TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const BYTES = 3 * backlogReadBytes + 1000;
const KEY = "segments/one";

function segmentOf(bytes: number): SegmentReference {
  const marks = Array.from({ length: Math.ceil(bytes / sparseIndexBytesEach) }, (_, at) => {
    return { offset: at, position: at * sparseIndexBytesEach, maxTimestampBefore: -1 };
  });
  const unread = { checksum: 0, records: marks.length, maxTimestamp: -1, commits: [], forgotten: 0 };
  return { objectKey: KEY, bytes, marks, ...unread } as unknown as SegmentReference;
}

/** A segment of three windows and a bit, and the ranges that were asked for. */
async function opened() {
  const log = new TestLog();
  await log.objects.put(KEY, [new Uint8Array(BYTES)], testCall);
  const ranges: ByteRange[] = [];
  const { context } = log.engine({
    objects: ({ operation, args }, proceed) => {
      if (operation === "get") ranges.push(args[2] as ByteRange);
      return proceed();
    },
  });
  return { windows: new SegmentWindows(context, segmentOf(BYTES)), ranges };
}

describe("windows of a segment", () => {
  test("the next is on its way before the one before it is handed out, and no more than one", async () => {
    const { windows, ranges } = await opened();
    const first = await windows.from(0, BYTES, testCall);
    expect(ranges.map(({ start }) => start)).toEqual([0, first.end]);
    const second = await windows.from(first.end, BYTES - first.end, testCall);
    expect(ranges.map(({ start }) => start)).toEqual([0, first.end, second.end]);
  });

  test("they cover what is wanted once, in no more reads than one for each 8 MiB, and begin with a batch", async () => {
    const { windows, ranges } = await opened();
    let position = 0;
    while (position < BYTES) {
      const { end, bytes } = await windows.from(position, BYTES - position, testCall);
      expect(bytes?.byteLength).toBe(end - position);
      expect(position % sparseIndexBytesEach).toBe(0);
      position = end;
    }
    expect(position).toBe(BYTES);
    expect(ranges.length).toBeLessThanOrEqual(BYTES / backlogReadBytes);
    expect(ranges.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(BYTES);
  });

  test("nothing is read beyond what is wanted", async () => {
    const { windows, ranges } = await opened();
    const { end } = await windows.from(0, backlogReadBytes, testCall);
    expect(end).toBe(backlogReadBytes);
    expect(ranges).toEqual([{ start: 0, end: backlogReadBytes }]);
  });

  test("memory that is given is used again for each, until an answer lies elsewhere", async () => {
    const memory = new Uint8Array(backlogReadBytes);
    for (const elsewhere of [undefined, 2]) {
      const objects = new GivenMemory(elsewhere);
      await objects.put(KEY, [new Uint8Array(BYTES).fill(5)], testCall);
      const context = { ...new TestLog().engine().context, objects };
      const windows = new SegmentWindows(context, segmentOf(BYTES), memory);
      for (let position = 0; position < BYTES; ) {
        const { end, bytes } = await windows.from(position, backlogReadBytes, testCall);
        expect(bytes?.byteLength).toBe(end - position);
        expect(bytes?.at(-1)).toBe(5);
        position = end;
      }
      expect(objects.given.map((each) => each === memory)).toEqual([true, true, !elsewhere, !elsewhere]);
    }
  });
});
