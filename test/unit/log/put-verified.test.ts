import { describe, expect, test } from "vitest";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { crc32c } from "../../../lib/base/crc32c.ts";
import { checksumSliceBytes } from "../../../lib/base/limits.ts";
import { putVerified } from "../../../lib/log/put-verified.ts";
import { SegmentWriter } from "../../../lib/log/segment-writer.ts";
import type { ByteRange } from "../../../lib/storage/object-store.ts";
import { TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

const BYTES = 3 * checksumSliceBytes + 10;
const body = Uint8Array.from({ length: BYTES }, (_, at) => (at * 7 + (at >> 10)) & 0xff);

/** Reads into the memory that it is given, but for one get, whose answer another try has brought. */
class GivenMemory extends MemoryObjectStore {
  override readonly capabilities = { compose: undefined, readUrl: false, readsInto: true };
  readonly given: (Uint8Array | undefined)[] = [];
  #elsewhere: number;

  constructor(elsewhere: number) {
    super();
    this.#elsewhere = elsewhere;
  }

  override async get(key: string, call: typeof testCall, range?: ByteRange, into?: Uint8Array) {
    const bytes = await super.get(key, call, range);
    this.given.push(into);
    if (bytes === undefined || into === undefined || --this.#elsewhere === 0) return bytes;
    into.set(bytes);
    return into.subarray(0, bytes.byteLength);
  }
}

async function readBack(objects: GivenMemory): Promise<(Uint8Array | undefined)[]> {
  const context = { ...new TestLog().engine().context, objects };
  await putVerified(context, "segment", { parts: [body], bytes: BYTES, checksum: crc32c(body) }, testCall);
  return objects.given;
}

describe("what is put and read back", () => {
  test("is read back into one piece of memory, window after window", async () => {
    const given = await readBack(new GivenMemory(0));
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
