import fc from "fast-check";
import { expect, test } from "vitest";
import { compareUtf8 } from "../../../lib/storage/key-order.ts";

test("strings compare as their UTF-8 bytes do", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", "~", "é", "\ud7ff", "\ue000", "\uffee", "\u{10000}", "\u{1f600}"),
  });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
      expect(Math.sign(compareUtf8(a, b))).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});
