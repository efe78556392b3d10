import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../../lib/base/bytes.ts";
import { type Random, systemRandom } from "../../../lib/base/random.ts";
import { murmur2, partitionForKey, StickyPartitioner } from "../../../lib/records/partitioner.ts";

/** Chooses by the fractions given, in turn. */
function scripted(...fractions: number[]): Random {
  return { fraction: () => fractions.shift() ?? 0, bytes: (count) => new Uint8Array(count) };
}

describe("murmur2", () => {
  test.each([
    ["21", -973_932_308],
    ["foobar", -790_332_482],
    ["a-little-bit-long-string", -985_981_536],
    ["a-little-bit-longer-string", -1_486_304_829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971],
    ["abc", 479_470_107],
    ["", 275_646_681],
  ])("of %j is what Kafka's Java client computes", (text, expected) => {
    expect(murmur2(utf8(text))).toBe(expected);
  });

  test("takes bytes above 127 as unsigned", () => {
    expect(murmur2(Uint8Array.of(12, 42, 56, 24, 109, 111))).toBe(274_204_207);
    expect(murmur2(Uint8Array.of(0xff))).not.toBe(murmur2(Uint8Array.of(0x7f)));
  });
});

describe("the partition of a key", () => {
  test("is Kafka's: the hash made positive by its lower 31 bits, modulo the count", () => {
    expect(partitionForKey(utf8("foobar"), 10)).toBe(1_357_151_166 % 10);
    expect(partitionForKey(utf8("21"), 12)).toBe(1_173_551_340 % 12);
    expect(partitionForKey(utf8("abc"), 7)).toBe(479_470_107 % 7);
  });

  test("is always one of the topic's", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 10_000 }), (key, count) => {
        const partition = partitionForKey(key, count);
        expect(Number.isInteger(partition) && partition >= 0 && partition < count).toBe(true);
      }),
    );
  });
});

describe("the sticky partitioner", () => {
  test("stays until the batch is complete, then moves to another", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), (count) => {
        const partitioner = new StickyPartitioner(systemRandom);
        const first = partitioner.partition(count);
        expect(partitioner.partition(count)).toBe(first);
        partitioner.batchCompleted(first, count);
        const second = partitioner.partition(count);
        expect(second).not.toBe(first);
        expect(second).toBeLessThan(count);
      }),
    );
  });

  test("moves once for one batch, however often that is told", () => {
    const partitioner = new StickyPartitioner(scripted(0, 0, 0.99));
    expect(partitioner.partition(4)).toBe(0);
    partitioner.batchCompleted(0, 4);
    partitioner.batchCompleted(0, 4);
    expect(partitioner.partition(4)).toBe(1);
  });

  test("reaches every partition, those that were added as well", () => {
    const partitioner = new StickyPartitioner(systemRandom);
    const seen = new Set<number>();
    for (let batch = 0; batch < 1000; batch++) {
      const count = batch < 10 ? 1 : 6;
      const partition = partitioner.partition(count);
      seen.add(partition);
      partitioner.batchCompleted(partition, count);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
