import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../../../lib/api/http/frame.ts";
import { concatBytes, viewOf } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { frameHeaderBytesMax } from "../../../lib/base/limits.ts";

const payloads = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 });

function frameOf(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(encodeFrame({ bytes: parts.map((part) => part.byteLength) }, parts));
}

/** Reads a whole frame as a server does. */
function read(frame: Uint8Array): Uint8Array[] {
  const { header, payloads: left } = decodeFrame(frame);
  const lengths = (header as { bytes: number[] }).bytes;
  const parts = lengths.map((bytes) => left.take(bytes));
  left.end();
  return parts;
}

function isRefused(frame: Uint8Array): boolean {
  try {
    read(frame);
    return false;
  } catch (error) {
    return isLogError(error, "InvalidRequest");
  }
}

describe("a frame", () => {
  test("gives back what was put in", () => {
    fc.assert(
      fc.property(payloads, (parts) => {
        expect(read(frameOf(parts))).toEqual(parts);
      }),
    );
  });

  test("is neither copied when written nor when read", () => {
    const payload = new Uint8Array([1, 2, 3]);
    expect(encodeFrame({}, [payload])[1]).toBe(payload);
    const frame = frameOf([payload]);
    expect(read(frame)[0]?.buffer).toBe(frame.buffer);
  });

  test("is refused when it is cut off anywhere", () => {
    const cut = payloads.chain((parts) => {
      const frame = frameOf(parts);
      return fc.nat({ max: frame.byteLength - 1 }).map((length) => frame.subarray(0, length));
    });
    fc.assert(
      fc.property(cut, (frame) => {
        expect(isRefused(frame)).toBe(true);
      }),
    );
  });

  test("is refused when bytes follow its last payload", () => {
    fc.assert(
      fc.property(payloads, fc.uint8Array({ minLength: 1 }), (parts, rest) => {
        expect(isRefused(concatBytes([frameOf(parts), rest]))).toBe(true);
      }),
    );
  });

  test("made of any bytes is read or refused, and never fails otherwise", () => {
    const withLength = fc.tuple(fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 60 })).map(([length, bytes]) => {
      const frame = new Uint8Array(4 + bytes.byteLength);
      viewOf(frame).setUint32(0, length);
      frame.set(bytes, 4);
      return frame;
    });
    fc.assert(
      fc.property(fc.oneof(withLength, fc.uint8Array()), (bytes) => {
        try {
          decodeFrame(bytes).payloads.take(1);
        } catch (error) {
          expect(isLogError(error, "InvalidRequest")).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53, "3" as unknown as number, 2 ** 31])("refuses %s as a length", (bytes) => {
    const { payloads: left } = decodeFrame(concatBytes(encodeFrame({}, [new Uint8Array(10)])));
    expect(() => left.take(bytes)).toThrow(expect.objectContaining({ code: "InvalidRequest" }));
  });

  test("refuses a header longer than the limit by its length alone", () => {
    const frame = new Uint8Array(4);
    viewOf(frame).setUint32(0, frameHeaderBytesMax + 1);
    expect(() => decodeFrame(frame)).toThrow("too long");
    viewOf(frame).setUint32(0, 0xffffffff);
    expect(() => decodeFrame(frame)).toThrow("too long");
  });
});
