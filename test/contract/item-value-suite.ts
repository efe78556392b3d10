import { beforeEach, describe, expect, test } from "vitest";
import {
  absent,
  type Condition,
  equal,
  exists,
  greater,
  itemAbsent,
  itemExists,
  less,
  set,
  sizeLess,
} from "../../lib/storage/item-change.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { Item, ItemValue } from "../../lib/storage/item-value.ts";
import { testCall } from "../support/test-call.ts";

const key = { pk: "log/1", sk: "head" };

/** Part of the item store's suite: what items hold, and what conditions say of it. */
export function itemValueSuite(current: () => ItemStore): void {
  const write = (item: Item, sk = key.sk, pk = key.pk) =>
    current().transact([{ kind: "put", key: { pk, sk }, item, conditions: [] }], testCall);
  const read = (sk = key.sk) => current().get({ pk: key.pk, sk }, testCall);
  const holds = async (condition: Condition) =>
    (await current().transact([{ kind: "check", key, conditions: [condition] }], testCall)).ok;

  describe("values", () => {
    const values: Record<string, ItemValue> = {
      "an empty string": "",
      "text of all planes": "aä€😀\u0000\uffff",
      zero: 0,
      "a large whole number": 2 ** 53 - 1,
      "a negative number": -42,
      "a fraction": 0.1,
      "a tiny number": -1.5e-100,
      "a number above 2^53": 1.2e20,
      true: true,
      false: false,
      "no bytes": new Uint8Array(0),
      bytes: Uint8Array.from({ length: 300 }, (_, at) => at & 255),
      "an empty list": [],
      "a list": [1, "two", [new Uint8Array([3])], { four: 4 }],
      "an empty map": {},
      "a map": { "a.b": 1, "#x": { ü: { deep: [true] } } },
    };
    for (const [what, value] of Object.entries(values)) {
      test(`${what} reads back as it was written`, async () => {
        await current().update(key, [set(["value"], value)], [], testCall);
        expect(await read()).toEqual({ value });
        expect(await holds(equal(["value"], value))).toBe(true);
      });
    }

    test("an item is never changed through what was handed in or out", async () => {
      const bytes = new Uint8Array([1, 2, 3]);
      const map: Record<string, ItemValue> = { bytes, list: [1] };
      await current().update(key, [set(["map"], map)], [], testCall);
      bytes[0] = 99;
      map.more = 1;
      const item = await read();
      expect(item).toEqual({ map: { bytes: new Uint8Array([1, 2, 3]), list: [1] } });
      expect(() => Object.assign(item?.map as object, { more: 1 })).toThrow(TypeError);
      expect(await read()).toEqual({ map: { bytes: new Uint8Array([1, 2, 3]), list: [1] } });
    });
  });

  describe("conditions", () => {
    beforeEach(() =>
      write({
        n: 5,
        text: "b",
        bytes: new Uint8Array([1, 2]),
        list: [1, 2, 3],
        map: { a: 1, b: { c: 1 } },
        yes: true,
      }),
    );

    const cases: readonly [boolean, Condition][] = [
      [true, itemExists],
      [false, itemAbsent],
      [true, exists(["map", "b", "c"])],
      [false, exists(["map", "b", "d"])],
      [false, exists(["n", "x"])],
      [true, absent(["nothing", "below"])],
      [false, absent(["n"])],
      [true, equal(["n"], 5)],
      [false, equal(["n"], "5")],
      [false, equal(["nothing"], 0)],
      [true, equal(["map"], { b: { c: 1 }, a: 1 })],
      [false, equal(["map"], { a: 1 })],
      [true, equal(["list"], [1, 2, 3])],
      [false, equal(["list"], [1, 2])],
      [true, equal(["bytes"], new Uint8Array([1, 2]))],
      [false, equal(["bytes"], new Uint8Array([1, 3]))],
      [false, equal(["yes"], false)],
      [true, less(["n"], 6)],
      [false, less(["n"], 5)],
      [false, less(["n"], "6")],
      [false, less(["nothing"], 6)],
      [true, greater(["n"], 4.5)],
      [false, greater(["n"], 5)],
      [true, less(["text"], "ba")],
      [true, greater(["text"], "a")],
      [false, greater(["text"], "b")],
      [true, sizeLess(["text"], 2)],
      [false, sizeLess(["text"], 1)],
      [true, sizeLess(["bytes"], 3)],
      [false, sizeLess(["bytes"], 2)],
      [true, sizeLess(["list"], 4)],
      [false, sizeLess(["map"], 2)],
      [false, sizeLess(["n"], 100)],
      [false, sizeLess(["nothing"], 100)],
    ];
    for (const [expected, condition] of cases) {
      test(`${JSON.stringify(condition)} is ${expected}`, async () => {
        expect(await holds(condition)).toBe(expected);
      });
    }

    test("strings compare by their UTF-8 bytes", async () => {
      await write({ text: "\u{1f600}" });
      expect(await holds(greater(["text"], "\uffee"))).toBe(true);
      expect(await holds(less(["text"], "\uffee"))).toBe(false);
    });
  });
}
