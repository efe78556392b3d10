import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeItem, encodeItem, itemCodecVersion } from "../../../lib/adapters/embedded/item-codec.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import type { Item, ItemValue } from "../../../lib/storage/item-value.ts";

const name = fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((text) => text !== "__proto__");
const { value } = fc.letrec<{ value: ItemValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const item: fc.Arbitrary<Item> = fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true });

describe("item codec", () => {
  test("every item reads back as it was written", () => {
    fc.assert(
      fc.property(item, (original) => {
        expect(decodeItem(encodeItem(original), "it")).toEqual(original);
      }),
    );
  });

  test("the stored form does not change between releases", () => {
    const original = {
      head: { a: "", b: new Uint8Array([3, 4]) },
      n: 300,
      neg: -5,
      yes: true,
      f: 1.5,
      l: [false, "ä"],
    };
    const encoded = Buffer.from(encodeItem(original)).toString("hex");
    expect(encoded).toBe(
      [
        "01 06",
        "04 68656164 09 02 01 61 01 00 01 62 02 02 0304",
        "01 6e 03 ac02",
        "03 6e6567 04 05",
        "03 796573 07",
        "01 66 05 3ff8000000000000",
        "01 6c 08 02 06 01 02 c3a4",
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  test("an unknown version is told apart from damage", () => {
    const bytes = encodeItem({ a: 1 });
    bytes[0] = itemCodecVersion + 1;
    expect(() => decodeItem(bytes, "the item p s")).toThrow(/the item p s has version 2/);
  });

  test("whatever is cut off or changed either decodes or is a typed error", () => {
    const damage = fc.record({ cut: fc.nat(), at: fc.nat(), byte: fc.nat(255) });
    fc.assert(
      fc.property(item, damage, (original, { cut, at, byte }) => {
        const bytes = encodeItem(original);
        const damaged = bytes.slice(0, 1 + (cut % bytes.byteLength));
        damaged[1 + (at % damaged.byteLength)] = byte;
        try {
          decodeItem(damaged, "it");
        } catch (error) {
          expect(isLogError(error, "CorruptItem")).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("counts and lengths that lie, and nesting without end, are damage", () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0x7f];
    const nested = Array.from({ length: 5000 }, () => [8, 1]).flat();
    for (const body of [
      huge,
      [1, 1, 97, 1, ...huge],
      [1, 1, 97, 2, ...huge],
      [1, 1, 97, 8, ...huge],
      [1, 1, 97, ...nested],
      [1, 1, 97, 99],
    ]) {
      expect(() => decodeItem(new Uint8Array([1, ...body]), "it")).toThrow(
        expect.objectContaining({ code: "CorruptItem" }),
      );
    }
  });
});
