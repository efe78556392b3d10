import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CommitId, Stamp } from "../../../lib/base/ids.ts";
import { rollInputsMax, segmentCommitIdsMax, segmentMergesMax } from "../../../lib/base/limits.ts";
import {
  chooseMergeInputs,
  type MergeChoice,
  mergesOf,
  type SettledItem,
} from "../../../lib/log/merge/choose-merge-inputs.ts";
import { mergedReference } from "../../../lib/log/merge/merged-reference.ts";
import { planTransport } from "../../../lib/log/merge/plan-transport.ts";
import type { SegmentItem } from "../../../lib/log/read/segment-bytes.ts";
import { itemBytesMax } from "../../../lib/storage/item-limits.ts";
import { itemBytes } from "../../../lib/storage/item-size.ts";
import { encodeIndexItem, type SparseMark } from "../../../lib/storage/items/index-item.ts";
import { seededBelow } from "../../support/seeded-below.ts";

const MIB = 1024 * 1024;
const TARGET = 64 * MIB;
const PART_MIN = 5 * MIB;
const CHOICE: MergeChoice = {
  bytes: TARGET,
  spanMs: Number.POSITIVE_INFINITY,
  inputs: rollInputsMax,
  forgettable: 0,
  passOver: new Set(),
};

function segment(base: number, bytes: number, marks: readonly SparseMark[] = [], timestamp = 0): SegmentItem {
  const facts = { objectKey: `${base}`, bytes, checksum: 0, records: 1, maxTimestamp: timestamp, marks, commits: [] };
  return { kind: "segment", base, end: base + 1, tag: "", segment: { ...facts, forgotten: 0 as Stamp } };
}

interface Counted {
  rolled: number;
  put: number;
  copied: number;
  items: SettledItem[];
  mostItems: number;
}

/** Rolls segments of the given sizes one after the other, and merges whatever the policy says after each. */
function longRun(sizes: Iterable<number>, partBytesMin: number | undefined, choice = CHOICE): Counted {
  const counted: Counted = { rolled: 0, put: 0, copied: 0, items: [], mostItems: 0 };
  let base = 0;
  for (const bytes of sizes) {
    counted.rolled += bytes;
    counted.items.push(segment(base++, bytes));
    for (let chosen = chooseMergeInputs(counted.items, choice); chosen.length > 0; ) {
      merge(counted, chosen, partBytesMin);
      chosen = chooseMergeInputs(counted.items, choice);
    }
    counted.mostItems = Math.max(counted.mostItems, counted.items.length);
  }
  return counted;
}

function merge(counted: Counted, chosen: readonly SettledItem[], partBytesMin: number | undefined): void {
  const inputs = chosen as readonly SegmentItem[];
  const steps = planTransport(inputs, partBytesMin);
  const through = steps.filter(({ kind }) => kind === "through");
  const bytesOf = (of: typeof steps) => of.reduce((sum, { range }) => sum + range.end - range.start, 0);
  counted.put += bytesOf(through);
  // With copies beside it, what passed through is put as a piece first, and then copied like the rest.
  counted.copied += through.length === steps.length ? 0 : bytesOf(steps);
  const reference = mergedReference(inputs, `${inputs[0]?.base}`, 0 as Stamp);
  if (reference === undefined) throw new Error("too many ids");
  const [first, last] = [inputs[0] as SegmentItem, inputs.at(-1) as SegmentItem];
  const merged: SegmentItem = { ...first, end: last.end, segment: reference };
  counted.items.splice(counted.items.indexOf(first), inputs.length, merged);
}

function* repeated(count: number, size: (at: number) => number): Generator<number> {
  for (let at = 0; at < count; at++) yield Math.max(1, Math.round(size(at)));
}

const below = seededBelow(7);
const LOADS = {
  "a trickle: 3 KB a minute for months": repeated(98 * 98 * 2, () => 3000),
  "100 KB a minute": repeated(8000, () => 100_000 + below(50_000)),
  "1 MB a minute": repeated(3000, () => 1_000_000 + below(500_000)),
  "a busy partition: 8 MiB at a time": repeated(2000, () => 8 * MIB + below(100_000)),
  "bursts in a trickle": repeated(8000, (at) => (at % 300 < 10 ? 8 * MIB : 20_000)),
  "sizes of every order": repeated(4000, () => 10 ** (2 + below(5) + below(1000) / 1000)),
};

describe("over a long run", () => {
  test.each(Object.entries(LOADS))(
    "of %s, a byte is put or copied three times at most by roll and merge",
    (load, sizes) => {
      const { rolled, put, copied, items, mostItems } = longRun(sizes, PART_MIN);
      const figures = { perByte: (rolled + put + copied) / rolled, mostItems, needed: rolled / TARGET };
      expect({ load, ...figures }).toSatisfy(() => figures.perByte <= 3);
      expect({ load, ...figures }).toSatisfy(() => mostItems <= figures.needed * 3 + 2 * rollInputsMax);
      expect(items.every((item) => mergesOf(item) <= segmentMergesMax)).toBe(true);
    },
  );

  test("on one machine what is rolled by its bytes is never copied again: each byte is written twice in all", () => {
    const choice = { ...CHOICE, bytes: 16 * MIB };
    const { put, copied } = longRun(
      repeated(500, () => 16 * MIB + below(MIB)),
      undefined,
      choice,
    );
    expect({ put, copied }).toEqual({ put: 0, copied: 0 });
  });
});

describe("what is merged", () => {
  test("spans no more time than it may, so that retention finds segments to remove", () => {
    const items = Array.from({ length: 60 }, (_, at) => segment(at, MIB, [], at * 60_000));
    const chosen = chooseMergeInputs(items, { ...CHOICE, spanMs: 10 * 60_000 });
    expect(chosen.map(({ base }) => base)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("does not include what waits for more of its kind", () => {
    const items = Array.from({ length: 97 }, (_, at) => segment(at, 1000));
    expect(chooseMergeInputs(items, CHOICE)).toEqual([]);
    expect(chooseMergeInputs([...items, segment(97, 1000)], CHOICE)).toHaveLength(98);
  });

  test("takes along voids between segments, and is never a single item", () => {
    const empty: SettledItem = { kind: "void", base: 1, end: 2, tag: "" };
    expect(chooseMergeInputs([segment(0, 10), empty, segment(2, TARGET)], CHOICE)).toHaveLength(2);
    expect(chooseMergeInputs([segment(0, TARGET), { ...empty }, segment(2, TARGET)], CHOICE)).toEqual([]);
  });
});

test("every part but the last is as large as the store wants, and the parts are the inputs in order", () => {
  const input = fc.record({ bytes: fc.integer({ min: 1, max: 4000 }), every: fc.integer({ min: 50, max: 900 }) });
  fc.assert(
    fc.property(fc.array(input, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 1500 }), (inputs, min) => {
      const items = inputs.map(({ bytes, every }, base) => {
        const count = Math.ceil(bytes / every);
        const marks = Array.from({ length: count }, (_, at) => ({
          offset: base,
          position: at * every,
          maxTimestampBefore: -1,
        }));
        return segment(base, bytes, marks);
      });
      const steps = planTransport(items, min);
      const parts: { kind: string; bytes: number }[] = [];
      const covered = new Map<SegmentItem, number>();
      for (const { kind, item, range } of steps) {
        expect(range.start).toBe(covered.get(item) ?? 0);
        covered.set(item, range.end);
        const last = parts.at(-1);
        if (kind === "through" && last?.kind === "through") last.bytes += range.end - range.start;
        else parts.push({ kind, bytes: range.end - range.start });
      }
      expect(items.every((item) => covered.get(item) === item.segment.bytes)).toBe(true);
      for (const { bytes } of parts.slice(0, -1)) expect(bytes).toBeGreaterThanOrEqual(min);
      // Nothing large passes through this process without need.
      for (const { kind, item } of steps) {
        const needed =
          kind === "copy" || item.segment.bytes < min || steps.indexOf(steps.find((s) => s.item === item) as never) > 0;
        expect(needed).toBe(true);
      }
    }),
  );
});

test("a merged segment's index item stays far below the size that a store allows, whatever it was made of", () => {
  const marks = [{ offset: 0, position: 0, maxTimestampBefore: 1_700_000_000_000 }];
  for (const [bytes, count] of [
    [10, 98],
    [TARGET, 98],
    [40 * 1024 * MIB, 98],
  ] as const) {
    const each = Math.ceil(bytes / count);
    const many = Array.from({ length: Math.ceil(each / (512 * 1024)) }, (_, at) => ({
      ...marks[0],
      position: at * 512 * 1024,
    }));
    const inputs = Array.from({ length: count }, (_, at) => segment(at, each, many as SparseMark[], 1_700_000_000_000));
    const ids = Array.from({ length: segmentCommitIdsMax }, (_, at) => {
      return { id: `0lq4abcde${String(at).padStart(8, "0")}` as CommitId, base: 2 ** 40 + at };
    });
    const [first] = inputs as [SegmentItem, ...SegmentItem[]];
    const full = [{ ...first, segment: { ...first.segment, commits: ids } }, ...inputs.slice(1)];
    const reference = mergedReference(full, "topics/00112233445566778899aabbccddeeff/0/x.log", 0 as Stamp);
    if (reference === undefined) throw new Error("too many ids");
    expect(reference.marks.length).toBeLessThanOrEqual(Math.min(4000, bytes / (512 * 1024) + 1));
    const item = encodeIndexItem({ ...first, segment: reference });
    expect(itemBytes({ pk: "p", sk: "s" }, item)).toBeLessThan(itemBytesMax / 2);
  }
});
