import { describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { stampAgeMsMax } from "../../../lib/base/limits.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { billedLogSettings, embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { readLog } from "../../../lib/log/read/read-log.ts";
import { spill } from "../../../lib/log/spill.ts";
import { effectiveConfigs } from "../../../lib/log/topics/topic-configs.ts";
import { flipped, rewrite } from "../../support/log/damages.ts";
import type { Intercept } from "../../support/log/intercepted.ts";
import { keyedBatch } from "../../support/log/keyed-records.ts";
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

describe("a compacted segment", () => {
  /** Offsets 2 to 6 are left, each a batch of its own. */
  async function compactedLog(): Promise<{ log: TestLog; ref: PartitionRef; objectKey: string }> {
    const log = new TestLog();
    const ref = await log.partition();
    const engine = log.engine();
    for (const key of ["a", "b", "a", "b", "c", "d", "e"])
      await append(engine, ref, await keyedBatch([{ key, value: "v" }]));
    await rollAll(engine, ref);
    await append(engine, ref, await keyedBatch([{ key: "last", value: "stays" }]));
    log.clock.advance(stampAgeMsMax);
    await engine.upkeep.compact(ref, effectiveConfigs({ "cleanup.policy": "compact" }, {}), testCall);
    const [item] = await indexOf(log, ref);
    return { log, ref, objectKey: item?.kind === "segment" ? item.segment.objectKey : "" };
  }

  const offsetsFrom = async (log: TestLog, ref: PartitionRef, offset: number, objects?: Intercept) => {
    const { context } = log.engine(objects === undefined ? {} : { objects });
    const { parts } = await readLog(context, ref, { offset, bytesMax: 1_000_000 }, testCall);
    return recordsIn(parts).map((record) => Number(record.split(":")[0]));
  };

  /** The batch at offset 4 claims to stand at 5, which only the one behind it contradicts. */
  const misplaced = (bytes: Uint8Array): Uint8Array => flipped(bytes, 2 * (bytes.byteLength / 5) + 7);

  test("hands out no batch at an offset that the one behind it contradicts", async () => {
    const { log, ref, objectKey } = await compactedLog();
    expect(await offsetsFrom(log, ref, 0)).toEqual([2, 3, 4, 5, 6, 7]);
    await rewrite(log, objectKey, misplaced);
    expect(await offsetsFrom(log, ref, 0)).toEqual([2, 3]);
    expect((await refusalOf(() => offsetsFrom(log, ref, 4))).code).toBe("CorruptObject");
  });

  test("that came damaged once is read again", async () => {
    const { log, ref, objectKey } = await compactedLog();
    let gets = 0;
    const once: Intercept = async ({ operation, args }, proceed) => {
      const answer = await proceed();
      const isFirst = operation === "get" && args[0] === objectKey && gets++ === 0;
      return isFirst ? misplaced(answer as Uint8Array) : answer;
    };
    expect(await offsetsFrom(log, ref, 4, once)).toEqual([4, 5, 6, 7]);
  });
});

test("a store that gives no more of a segment just now is no damage", async () => {
  const { log, ref } = await spilledLog();
  await rollAll(log.engine(), ref);
  const { context } = log.engine({
    settings: { readBlockBytes: BATCH_BYTES + 30 },
    // Batches go on in blocks behind that in which they begin.
    objects: ({ operation, args }, proceed) => {
      const { start = 0 } = (args[2] ?? {}) as { start?: number };
      const isBehind = operation === "get" && start > 0;
      return isBehind ? Promise.reject(new LogError("StoreThrottled", "slow down")) : proceed();
    },
  });
  const error = await refusalOf(() => readLog(context, ref, { offset: 1, bytesMax: 1_000_000 }, testCall));
  expect(error).toMatchObject({ code: "StoreThrottled", retriable: true });
});
