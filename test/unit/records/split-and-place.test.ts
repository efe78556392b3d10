import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, viewOf } from "../../../lib/base/bytes.ts";
import { BATCH_FIELDS, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { checkBatchCrc } from "../../../lib/records/check-batch.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { placeBatch, placeBatchInto } from "../../../lib/records/place-batch.ts";
import { splitBatches, splitCompleteBatches } from "../../../lib/records/split-batches.ts";
import { hexFixture } from "../../support/hex-fixture.ts";
import { damage, damageArbitrary, recordsArbitrary } from "../../support/record-arbitraries.ts";
import { outcomeOf, refusalOf } from "../../support/refusal.ts";

const FIXTURE = hexFixture("records/two-records.hex");
const batchesArbitrary = fc.array(
  recordsArbitrary.map((records) => encodeUncompressedBatch(records)),
  { maxLength: 5 },
);

describe("a run of batches", () => {
  test("splits into views of each", () => {
    fc.assert(
      fc.property(batchesArbitrary, (batches) => {
        const run = concatBytes([new Uint8Array(0), ...batches]);
        const split = splitBatches(run);
        expect(split).toEqual(batches);
        for (const batch of split) expect(batch.buffer).toBe(run.buffer);
      }),
      { numRuns: 50 },
    );
  });

  test("that is cut off anywhere gives its whole batches, or is refused where all must be there", async () => {
    const run = concatBytes([FIXTURE, FIXTURE, FIXTURE]);
    for (let length = 0; length <= run.byteLength; length++) {
      const { batches, incompleteBytes } = splitCompleteBatches(run.subarray(0, length));
      expect(batches).toHaveLength(Math.floor(length / FIXTURE.byteLength));
      expect(incompleteBytes).toBe(length % FIXTURE.byteLength);
      const outcome = await outcomeOf(() => splitBatches(run.subarray(0, length)));
      expect("code" in outcome).toBe(incompleteBytes > 0);
    }
  });

  test.each([-1, 0, 48, -(2 ** 31)])("with a batch length of %i is refused by either", async (batchLength) => {
    const run = concatBytes([FIXTURE, FIXTURE]);
    viewOf(run).setInt32(FIXTURE.byteLength + BATCH_FIELDS.batchLength, batchLength);
    expect((await refusalOf(() => splitBatches(run))).code).toBe("CorruptMessage");
    expect((await refusalOf(() => splitCompleteBatches(run))).code).toBe("CorruptMessage");
  });

  test("that is damaged anyhow is split without loss, or refused by type", async () => {
    await fc.assert(
      fc.asyncProperty(batchesArbitrary, damageArbitrary, async (batches, how) => {
        const run = damage(concatBytes([new Uint8Array(0), ...batches]), how);
        const outcome = await outcomeOf(() => splitBatches(run));
        if ("code" in outcome) expect(outcome.code).toBe("CorruptMessage");
        else expect(Buffer.compare(Buffer.concat(outcome.value), run)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a placed batch", () => {
  test("differs in base offset and leader epoch alone, and keeps its CRC", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(2 ** 31 - 1), (baseOffset, leaderEpoch) => {
        const placed = placeBatch(FIXTURE, baseOffset, leaderEpoch);
        const header = readBatchHeader(placed);
        expect(header).toEqual({ ...readBatchHeader(FIXTURE), baseOffset, leaderEpoch });
        checkBatchCrc(placed, header);
        expect(Buffer.compare(placed.subarray(16), FIXTURE.subarray(16))).toBe(0);
      }),
    );
    expect(readBatchHeader(FIXTURE).baseOffset).toBe(0);
  });

  test("goes where it is told, and says where it ends", () => {
    const target = new Uint8Array(3 + 2 * FIXTURE.byteLength + 1);
    const middle = placeBatchInto(target, 3, FIXTURE, 7, 1);
    const end = placeBatchInto(target, middle, FIXTURE, 9, 1);
    expect(end).toBe(target.byteLength - 1);
    const offsets = splitBatches(target.subarray(3, end)).map((batch) => readBatchHeader(batch).baseOffset);
    expect(offsets).toEqual([7, 9]);
    expect([target[0], target[2], target[end]]).toEqual([0, 0, 0]);
  });

  test.each([-1, 0.5, 2 ** 53])("is never placed at %d", (baseOffset) => {
    expect(() => placeBatch(FIXTURE, baseOffset, 0)).toThrow("a base offset is a whole number");
  });
});
