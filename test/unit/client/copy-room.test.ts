import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../../../lib/base/bytes.ts";
import { CopyRoom } from "../../../lib/client/producer/copy-room.ts";

const content = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.integer({ min: 8000, max: 9000 }).map((length) => new Uint8Array(length).fill(length)),
  fc.integer({ min: 2700, max: 2800 }).map((length) => "€".repeat(length)),
);

test("copies hold what they were made of, whatever is copied after them and whatever becomes of the original", () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 80 }), (contents) => {
      const room = new CopyRoom();
      const expected = contents.map((each) => (typeof each === "string" ? utf8(each) : new Uint8Array(each)));
      const copies = contents.map((each) => room.copyOf(each));
      for (const each of contents) if (each instanceof Uint8Array) each.fill(255);
      expect(copies.map((each) => [...each])).toEqual(expected.map((each) => [...each]));
    }),
    { numRuns: 30 },
  );
});

test("small contents share memory, and a large one has its own", () => {
  const room = new CopyRoom();
  const [first, second] = [room.copyOf("key"), room.copyOf(new Uint8Array(100))];
  expect(second.buffer).toBe(first.buffer);
  expect(room.copyOf(new Uint8Array(20_000)).buffer.byteLength).toBe(20_000);
});
