import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Assignee, Targets } from "../../../lib/groups/assignors/assignor.ts";
import { assignByRange } from "../../../lib/groups/assignors/range.ts";
import { assignUniformly } from "../../../lib/groups/assignors/uniform.ts";
import { partitionsOf } from "../../../lib/storage/items/group-state.ts";
import type { PartitionKey } from "../../../lib/storage/items/partition-sets.ts";
import { topicOf } from "../../support/groups/model-group.ts";

const NAMES = ["a", "b", "c"];

type Counts = Readonly<Record<string, number>>;
const sizes: fc.Arbitrary<Counts> = fc.record({ a: fc.nat(9), b: fc.nat(9), c: fc.nat(9) });

interface Wanted {
  readonly memberId: string;
  readonly topics: readonly string[];
}

const members = fc.uniqueArray(
  fc.record({ memberId: fc.stringMatching(/^[a-z]{1,3}$/), topics: fc.uniqueArray(fc.constantFrom(...NAMES)) }),
  { selector: ({ memberId }) => memberId, maxLength: 8 },
);

function assigneesOf(wanted: readonly Wanted[], counts: Counts, held?: Targets): Assignee[] {
  return wanted.map(({ memberId, topics }) => ({
    name: memberId,
    memberId,
    topics: topics.filter((name) => (counts[name] ?? 0) > 0).map((name) => topicOf(name, counts[name] ?? 0)),
    held: held?.get(memberId) ?? new Set<PartitionKey>(),
  }));
}

const everything = (wanted: readonly { memberId: string }[]): Wanted[] =>
  wanted.map(({ memberId }) => ({ memberId, topics: NAMES }));

const allOf = (counts: Counts): PartitionKey[] =>
  NAMES.flatMap((name) => partitionsOf(topicOf(name, counts[name] ?? 0)));

function movesBetween(before: Targets, after: Targets): number {
  const owners = new Map([...after].flatMap(([id, partitions]) => [...partitions].map((each) => [each, id] as const)));
  let moves = 0;
  for (const [id, partitions] of before) {
    for (const each of partitions) if (owners.get(each) !== id) moves++;
  }
  return moves;
}

describe.each([
  ["uniform", assignUniformly],
  ["range", assignByRange],
])("the %s assignor", (_, assign) => {
  test("gives every partition that somebody subscribes to, once, to a subscriber", () => {
    fc.assert(
      fc.property(members, sizes, (wanted, counts) => {
        const targets = assign(assigneesOf(wanted, counts));
        const given = [...targets.values()].flatMap((each) => [...each]);
        const subscribed = new Set(wanted.flatMap(({ topics }) => topics));
        const expected = [...subscribed].flatMap((name) => partitionsOf(topicOf(name, counts[name] ?? 0)));
        expect(given.sort()).toEqual(expected.sort());
        for (const { memberId, topics } of wanted) {
          const own = new Set(topics.flatMap((name) => partitionsOf(topicOf(name, counts[name] ?? 0))));
          for (const partition of targets.get(memberId) ?? []) expect(own.has(partition)).toBe(true);
        }
      }),
    );
  });

  test("does not depend on the order of the members", () => {
    fc.assert(
      fc.property(members, sizes, (wanted, counts) => {
        const assignees = assigneesOf(wanted, counts);
        const one = assign(assignees);
        const other = assign([...assignees].reverse());
        for (const [memberId, partitions] of one) expect(other.get(memberId)).toEqual(partitions);
      }),
    );
  });
});

describe("the uniform assignor", () => {
  test("is equal to within one where all subscribe to the same, with as few moves as that takes", () => {
    const course = fc.record({ before: members, after: members, counts: sizes, grown: fc.nat(5) });
    fc.assert(
      fc.property(course, ({ before, after, counts, grown }) => {
        if (after.length === 0) return;
        const old = assignUniformly(assigneesOf(everything(before), counts));
        const larger = { ...counts, a: (counts.a ?? 0) + grown };
        const now = assignUniformly(assigneesOf(everything(after), larger, old));
        const loads = after.map(({ memberId }) => now.get(memberId)?.size ?? 0);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        // At most `spare` members may keep one more than the others; all that anybody holds beyond its share moves.
        const total = allOf(larger).length;
        const share = Math.floor(total / after.length);
        const spare = total % after.length;
        const held = after.map(({ memberId }) => old.get(memberId)?.size ?? 0);
        const above = held.filter((each) => each > share).length;
        const kept = held.reduce((sum, each) => sum + Math.min(each, share), 0) + Math.min(above, spare);
        const staying = new Map([...old].filter(([id]) => after.some(({ memberId }) => memberId === id)));
        const heldByStaying = held.reduce((sum, each) => sum + each, 0);
        expect(movesBetween(staying, now)).toBe(heldByStaying - kept);
      }),
      { numRuns: 3000 },
    );
  });

  test("leaves no move that would make two loads more equal, whatever each subscribes to", () => {
    fc.assert(
      fc.property(members, sizes, (wanted, counts) => {
        const targets = assignUniformly(assigneesOf(wanted, counts));
        for (const giver of wanted) {
          for (const taker of wanted) {
            const mine = [...(targets.get(giver.memberId) ?? [])];
            if (mine.length < (targets.get(taker.memberId)?.size ?? 0) + 2) continue;
            const could = new Set(taker.topics.flatMap((name) => partitionsOf(topicOf(name, counts[name] ?? 0))));
            expect(mine.some((partition) => could.has(partition))).toBe(false);
          }
        }
      }),
    );
  });
});

describe("the range assignor", () => {
  test("gives equal numbers of two topics to one member", () => {
    const wanted = ["x", "y", "z"].map((memberId) => ({ memberId, topics: ["a", "b"] }));
    const targets = assignByRange(assigneesOf(wanted, { a: 7, b: 7 }));
    for (const partitions of targets.values()) {
      const numbers = (name: string): string[] =>
        [...partitions]
          .filter((each) => each.startsWith(topicOf(name, 1).topicId))
          .map((each) => each.split("/")[1] ?? "");
      expect(numbers("a")).toEqual(numbers("b"));
    }
  });
});
