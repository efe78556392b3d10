import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LogError } from "../../../../lib/base/errors.ts";
import type { TopicId } from "../../../../lib/base/ids.ts";
import type { Item, ItemValue } from "../../../../lib/storage/item-value.ts";
import { decodeControl, newControl } from "../../../../lib/storage/items/control.ts";
import { decodeHead, newHead } from "../../../../lib/storage/items/head.ts";
import { readStagedHeader, stagedHeader } from "../../../../lib/storage/staged-header.ts";
import { itemCodecs, packedCodecs, samples } from "../../../support/log/item-samples.ts";
import { damage, damageArbitrary } from "../../../support/record-arbitraries.ts";
import { refusalOf } from "../../../support/refusal.ts";

const GOLDEN = new URL("../../../fixtures/items/formats.json", import.meta.url);
const topicId = "00112233445566778899aabbccddeeff" as TopicId;

/** As JSON, bytes in hex. */
function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shown(each)]));
}

/** Only our own errors for what is stored may come out of a decoder, whatever goes in. */
function decodesOrRefuses(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    expect(["CorruptItem", "StoreFormat", "CorruptObject"]).toContain(error.code);
  }
}

const rangesArbitrary = fc.array(
  fc.record({ topicId: fc.string({ maxLength: 40 }), partition: fc.nat(20_000), bytes: fc.nat(2 ** 30) }),
  { maxLength: 20 },
);

describe("every codec of what is stored", () => {
  test.each([...packedCodecs, ...itemCodecs])("$name reads what it writes", ({ values, encode, decode }) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value) as never)).toEqual(value);
      }),
    );
  });

  test("the header of a staged object reads what it writes, and says where each range lies", () => {
    fc.assert(
      fc.property(rangesArbitrary, (ranges) => {
        const { header, positions } = stagedHeader(ranges);
        const read = readStagedHeader(header, "key");
        expect(read).toEqual(ranges.map((range, at) => ({ ...range, position: positions[at] })));
        let position = header.byteLength;
        for (const range of read) {
          expect(range.position).toBe(position);
          position += range.bytes;
        }
      }),
    );
  });

  test("a new head and a new control read as empty and open", () => {
    expect(decodeHead(newHead(topicId))).toMatchObject({ topicId, state: "open", next: 0, tail: [], horizon: 0 });
    const epochStarts = [{ epoch: 0, startOffset: 0 }];
    expect(decodeControl(newControl(topicId))).toEqual({
      topicId,
      spilledEnd: 0,
      horizon: 0,
      removedBytes: 0,
      epochStarts,
      cleanedEnd: 0,
      tombstonesDueMs: 0,
      passedOver: [],
    });
  });

  test("a control tells how far compaction has come", () => {
    const compacted = { ...newControl(topicId), cleanedEnd: 70, tombstonesDueMs: 1_700_000_000_000 };
    expect(decodeControl(compacted)).toMatchObject({ cleanedEnd: 70, tombstonesDueMs: 1_700_000_000_000 });
  });

  test("a control names the damaged items that rolls have gone past", () => {
    expect(decodeControl({ ...newControl(topicId), passedOver: [7, 900] })).toMatchObject({ passedOver: [7, 900] });
  });

  test("writes what earlier versions wrote: the golden file does not change", () => {
    const { header } = stagedHeader([{ topicId, partition: 3, bytes: 77 }]);
    const stored = Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, shown(sample.stored)]));
    const all = { ...stored, "staged-object-header": shown(header) };
    if (process.env.TIDELOG_WRITE_GOLDEN === "1") writeFileSync(GOLDEN, `${JSON.stringify(all, null, 2)}\n`);
    expect(all).toEqual(JSON.parse(readFileSync(GOLDEN, "utf8")));
    for (const { decode } of Object.values(samples)) expect(decode()).toBeDefined();
  });
});

describe("damage", () => {
  test.each(packedCodecs)("to a packed $name is a typed error, or reads as some other value", (codec) => {
    fc.assert(
      fc.property(codec.values, damageArbitrary, (value, how) => {
        decodesOrRefuses(() => codec.decode(damage(codec.encode(value), how)));
      }),
      { numRuns: 500 },
    );
  });

  test("to the header of a staged object is a typed error that names the object, or reads as some other", () => {
    fc.assert(
      fc.property(rangesArbitrary, damageArbitrary, (ranges, how) => {
        decodesOrRefuses(() => readStagedHeader(damage(stagedHeader(ranges).header, how), "key"));
      }),
      { numRuns: 500 },
    );
  });

  const wrongValues: readonly (ItemValue | undefined)[] = [
    undefined,
    "text",
    -1,
    1.5,
    true,
    Uint8Array.of(255),
    [],
    {},
    [[]],
    { a: 1 },
  ];

  test("to any attribute of any item is a typed error, or reads as some other value", () => {
    for (const { stored } of Object.values(samples)) {
      if (stored instanceof Uint8Array) continue;
      for (const name of Object.keys(stored)) {
        for (const wrong of wrongValues) {
          const { [name]: _left, ...rest } = stored;
          const item: Item = wrong === undefined ? rest : { ...rest, [name]: wrong };
          for (const { decode } of itemCodecs) decodesOrRefuses(() => decode(item));
          decodesOrRefuses(() => decodeHead(item));
          decodesOrRefuses(() => decodeControl(item));
        }
      }
    }
  });

  test("a missing attribute is named", async () => {
    for (const name of ["topicId", "next", "tail", "horizon"]) {
      const { [name]: _left, ...rest } = newHead(topicId);
      const error = await refusalOf(() => decodeHead(rest));
      expect(error).toMatchObject({ code: "CorruptItem" });
      expect(error.message).toContain(name);
    }
  });
});

describe("what a newer version wrote", () => {
  test("is refused with the advice to upgrade, in every item", async () => {
    for (const decode of [...itemCodecs.map((codec) => codec.decode), decodeHead, decodeControl]) {
      const error = await refusalOf(() => decode({ v: 2 }));
      expect(error.code).toBe("StoreFormat");
      expect(error.message).toContain("upgrade");
    }
  });

  test("is refused in every packed value", async () => {
    for (const { decode } of packedCodecs) {
      expect((await refusalOf(() => decode(Uint8Array.of(2, 0, 0, 0)))).code).toBe("StoreFormat");
    }
  });
});
