import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { ByteSpan } from "../../../lib/log/read/byte-span.ts";

test("a span in pieces answers as if it were whole", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(pieces, fc.nat(140), fc.nat(140), (parts, a, b) => {
      const whole = new Uint8Array(concatBytes(parts));
      const span = new ByteSpan(parts);
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      expect(span.byteLength).toBe(whole.byteLength);
      expect([...span.subarray(start, end)]).toEqual([...whole.subarray(start, end)]);
    }),
  );
});

test("what one piece holds is not copied", () => {
  const piece = new Uint8Array([3, 4, 5]);
  const span = new ByteSpan([new Uint8Array(2), piece]);
  expect(span.subarray(3, 5).buffer).toBe(piece.buffer);
});
