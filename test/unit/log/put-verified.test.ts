import { describe, expect, test } from "vitest";
import { crc32c } from "../../../lib/base/crc32c.ts";
import { checksumSliceBytes } from "../../../lib/base/limits.ts";
import { putVerified } from "../../../lib/log/put-verified.ts";
import { SegmentWriter } from "../../../lib/log/segment-writer.ts";
import { GivenMemory } from "../../support/log/given-memory.ts";
import { TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const BYTES = 3 * checksumSliceBytes + 10;
const body = Uint8Array.from({ length: BYTES }, (_, at) => (at * 7 + (at >> 10)) & 0xff);

async function readBack(objects: GivenMemory): Promise<(Uint8Array | undefined)[]> {
  const context = { ...new TestLog().engine().context, objects };
  await putVerified(context, "segment", { parts: [body], bytes: BYTES, checksum: crc32c(body) }, testCall);
  return objects.given;
}

describe("what is put and read back", () => {
  test("is read back into one piece of memory, window after window", async () => {
    const given = await readBack(new GivenMemory());
    expect(given).toHaveLength(4);
    expect(new Set(given).size).toBe(1);
    expect(given[0]).toBeDefined();
  });

  test("goes on without memory that another answer may still land in", async () => {
    const [first, second, ...rest] = await readBack(new GivenMemory(2));
    expect(second).toBe(first);
    expect(rest).toEqual([undefined, undefined]);
  });

  test("lets others run after each MiB of its checksum", async () => {
    const log = new TestLog();
    const { context } = log.engine();
    const ref = await log.partition();
    const writer = new SegmentWriter(context, { ref, base: 0, end: 1, stamp: context.stamps.next() });
    await writer.write([body], testCall);
    const before = log.clock.slept.length;
    await writer.finish(testCall);
    expect(log.clock.slept.slice(before)).toEqual([0, 0, 0]);
  });
});
