import { describe, expect, test } from "vitest";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { billedLogSettings, embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { readLog } from "../../../lib/log/read/read-log.ts";
import { spill } from "../../../lib/log/spill.ts";
import { flipped, rewrite } from "../../support/log/damages.ts";
import { batchOf, recordsIn } from "../../support/log/records-of.ts";
import { indexOf, rollAll } from "../../support/log/segments-of.ts";
import { append, TestLog } from "../../support/log/test-log.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const VALUES = ["0", "1", "2", "3", "4", "5"];
const BATCH_BYTES = batchOf(["0"]).byteLength;
const STAGED = { placement: { inlineBytesMax: 0, stagedItemBytesMax: 0 } };

async function spilledLog(): Promise<{ log: TestLog; ref: PartitionRef }> {
  const log = new TestLog();
  const ref = await log.partition();
  const engine = log.engine({ settings: STAGED });
  for (const value of VALUES) {
    await append(engine, ref, batchOf([value]));
    log.clock.advance(1);
  }
  await spill(engine.context, ref, testCall);
  return { log, ref };
}

describe.each([
  ["embedded", embeddedLogSettings.readBlockBytes],
  ["billed", billedLogSettings.readBlockBytes],
])("with the %s settings' reads", (_, readBlockBytes) => {
  const read = async (log: TestLog, ref: PartitionRef, offset: number) => {
    const { context } = log.engine({ settings: { readBlockBytes } });
    return recordsIn((await readLog(context, ref, { offset, bytesMax: 1_000_000 }, testCall)).parts);
  };

  test.each([
    ["a record", 64],
    ["the length of a batch, which is too large then", 8],
    ["the magic", 16],
    ["the base offset", 3],
  ])("a flipped bit in %s of a segment withholds nothing that is before it", async (_what, at) => {
    const { log, ref } = await spilledLog();
    await rollAll(log.engine(), ref);
    const [item] = await indexOf(log, ref);
    const objectKey = item?.kind === "segment" ? item.segment.objectKey : "";
    await rewrite(log, objectKey, (bytes) => flipped(bytes, 3 * BATCH_BYTES + at));
    expect(await read(log, ref, 0)).toEqual(["0:0", "1:1", "2:2"]);
    expect(await read(log, ref, 2)).toEqual(["2:2"]);
    const error = await refusalOf(() => read(log, ref, 3));
    expect(error).toMatchObject({ code: "CorruptObject", details: { object: objectKey, start: 3 * BATCH_BYTES } });
  });

  test("a length that is negative withholds nothing that is before it", async () => {
    const { log, ref } = await spilledLog();
    await rollAll(log.engine(), ref);
    const [item] = await indexOf(log, ref);
    const objectKey = item?.kind === "segment" ? item.segment.objectKey : "";
    await rewrite(log, objectKey, (bytes) => bytes.slice().fill(0xff, 3 * BATCH_BYTES + 8, 3 * BATCH_BYTES + 12));
    expect(await read(log, ref, 0)).toEqual(["0:0", "1:1", "2:2"]);
    expect((await refusalOf(() => read(log, ref, 3))).code).toBe("CorruptObject");
  });

  test("a damaged staged object withholds nothing that is before it, nor behind it", async () => {
    const { log, ref } = await spilledLog();
    const { objects } = await log.objects.list("staged/", testCall);
    await rewrite(log, objects[3]?.key ?? "", (bytes) => flipped(bytes, bytes.byteLength - 3));
    expect(await read(log, ref, 0)).toEqual(["0:0", "1:1", "2:2"]);
    expect((await refusalOf(() => read(log, ref, 3))).code).toBe("CorruptObject");
    expect(await read(log, ref, 4)).toEqual(["4:4", "5:5"]);
  });
});
