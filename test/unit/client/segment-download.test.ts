import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SegmentAddress } from "../../../lib/api/record-types.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { type ReadRange, SegmentDownload } from "../../../lib/client/consumer/segment-download.ts";
import { placeBatch } from "../../../lib/records/place-batch.ts";
import { batchOf } from "../../support/log/records-of.ts";

interface Sample {
  readonly batches: readonly Uint8Array[];
  readonly address: SegmentAddress;
}

/** A segment of batches with so many records each. */
function segmentOf(counts: readonly number[], { gaps = false } = {}): Sample {
  let offset = 100;
  let records = 0;
  const batches = counts.map((count, index) => {
    const batch = placeBatch(batchOf(Array.from({ length: count }, (_, at) => `${index}-${at}`)), offset, 0);
    offset += count + (gaps ? index % 2 : 0);
    records += count;
    return batch;
  });
  const bytes = batches.reduce((sum, batch) => sum + batch.byteLength, 0);
  const place = { baseOffset: 100, endOffset: offset, position: 0, positionOffset: 100 };
  return { batches, address: { url: "u", expiresInMs: 60_000, bytes, records, ...place } };
}

/** Everything that a download brings in pieces of this size, until it is over or fails. */
async function readThrough({ address }: Sample, readRange: ReadRange, pieceBytes: number) {
  const download = new SegmentDownload({ segment: address, readRange, nowMs: () => 0 });
  const brought: Uint8Array[] = [];
  try {
    while (!download.isOver) brought.push(...(await download.next(pieceBytes, new AbortController().signal)));
  } catch (error) {
    if (!isLogError(error)) throw error;
    return { brought, failed: true, reachedEnd: false };
  }
  return { brought, failed: false, reachedEnd: download.reachedEnd };
}

/** The leader epoch lies outside of the checksum, and says nothing of the records. */
const withoutEpoch = (batch: Uint8Array): Uint8Array => Uint8Array.from(batch).fill(0, 12, 16);

const counts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 });
const pieces = fc.integer({ min: 1, max: 2000 });

describe("a segment read at its address", () => {
  test("brings all its batches, whatever the pieces, and says whether it ends in a gap", async () => {
    await fc.assert(
      fc.asyncProperty(counts, pieces, fc.boolean(), async (each, pieceBytes, gaps) => {
        const sample = segmentOf(each, { gaps });
        const whole = concatBytes(sample.batches);
        const read = await readThrough(sample, async (_, { start, end }) => whole.subarray(start, end), pieceBytes);
        expect(read).toEqual({ brought: sample.batches, failed: false, reachedEnd: !gaps || each.length % 2 === 1 });
      }),
    );
  });

  test("of which anything is damaged, cut off or out of place brings what is sound before it, and fails", async () => {
    const damage = fc.record({ at: fc.nat(), kind: fc.constantFrom("flip", "cut", "shift", "swap") });
    await fc.assert(
      fc.asyncProperty(counts, pieces, damage, async (each, pieceBytes, { at, kind }) => {
        const sample = segmentOf(each);
        const whole = concatBytes(kind === "swap" ? sample.batches.toReversed() : sample.batches);
        const place = at % whole.byteLength;
        if (kind === "flip") whole[place] = (whole[place] ?? 0) ^ 0xff;
        const readRange: ReadRange = async (_, { start, end }) => {
          if (kind === "cut") return whole.subarray(start, Math.min(end, place));
          if (kind === "shift") return whole.subarray(start + 1, end + 1);
          return whole.subarray(start, end);
        };
        const { brought, failed } = await readThrough(sample, readRange, pieceBytes);
        expect(brought.map(withoutEpoch)).toEqual(sample.batches.slice(0, brought.length).map(withoutEpoch));
        if (kind === "cut" || kind === "shift" || (kind === "swap" && each.length > 1)) expect(failed).toBe(true);
      }),
    );
  });

  test("is not read on when its time is over", () => {
    let nowMs = 0;
    const segment = segmentOf([1]).address;
    const download = new SegmentDownload({ segment, readRange: async () => new Uint8Array(), nowMs: () => nowMs });
    expect(download.hasExpired).toBe(false);
    nowMs = 60_000;
    expect(download.hasExpired).toBe(true);
  });
});
