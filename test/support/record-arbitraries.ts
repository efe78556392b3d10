import fc from "fast-check";
import type { Compression } from "../../lib/base/compression.ts";
import type { RecordData } from "../../lib/records/record-data.ts";

export const ALL_COMPRESSIONS: readonly Compression[] = ["none", "gzip", "snappy", "lz4", "zstd"];
export const REAL_COMPRESSIONS: readonly Compression[] = ["gzip", "snappy", "lz4", "zstd"];

export const compressionArbitrary = fc.constantFrom(...ALL_COMPRESSIONS);

const optionalBytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });

const headerArbitrary = fc.record({
  key: fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: "grapheme", maxLength: 6 })),
  value: optionalBytes,
});

const timestampArbitrary = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.constantFrom(-1, 0, 8_640_000_000_000_000),
);

export const recordArbitrary: fc.Arbitrary<RecordData> = fc.record({
  key: optionalBytes,
  value: optionalBytes,
  headers: fc.array(headerArbitrary, { maxLength: 4 }),
  timestampMs: timestampArbitrary,
});

export const recordsArbitrary = fc.array(recordArbitrary, { minLength: 1, maxLength: 30 });

/** Bytes between noise and repetition, up to a few blocks of any codec. */
export const contentArbitrary: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.record({
      piece: fc.uint8Array({ minLength: 1, maxLength: 60 }),
      times: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3000 })),
    }),
    { maxLength: 6 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts.flatMap(({ piece, times }) => Array(times).fill(piece)))));

/** Damage to bytes: cut off, bits flipped, or a run overwritten with what huge and negative numbers look like. */
export type Damage =
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "flip"; readonly bits: readonly number[] }
  | { readonly kind: "overwrite"; readonly at: number; readonly bytes: Uint8Array };

const hostileBytes = fc.constantFrom(
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
  Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f),
  Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
  Uint8Array.of(0x80, 0, 0, 0),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  new Uint8Array(12).fill(0xff),
  Uint8Array.of(0),
  Uint8Array.of(1),
);

export const damageArbitrary: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("flip" as const), bits: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant("overwrite" as const), at: fc.nat(), bytes: hostileBytes }),
);

/** A damaged copy; only bytes from `from` on are touched. */
export function damage(bytes: Uint8Array, how: Damage, from = 0): Uint8Array {
  const room = bytes.byteLength - from;
  if (room <= 0) return new Uint8Array(bytes);
  if (how.kind === "cut") return bytes.slice(0, from + (how.at % room));
  const copy = new Uint8Array(bytes);
  if (how.kind === "flip") {
    for (const bit of how.bits) {
      const at = from + ((bit >>> 3) % room);
      copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
    }
    return copy;
  }
  const at = from + (how.at % room);
  copy.set(how.bytes.subarray(0, bytes.byteLength - at), at);
  return copy;
}
