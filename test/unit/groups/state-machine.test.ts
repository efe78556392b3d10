import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GroupState } from "../../../lib/storage/items/group-state.ts";
import { packGroupState, partitionsOf, unpackGroupState } from "../../../lib/storage/items/group-state.ts";
import type { PartitionKey } from "../../../lib/storage/items/partition-sets.ts";
import { type Fate, ModelGroup, topicOf } from "../../support/groups/model-group.ts";

type Step =
  | { readonly kind: "join" | "heartbeat" | "leave"; readonly member: string; readonly fate: Fate }
  | { readonly kind: "expire"; readonly member: string }
  | { readonly kind: "repeat"; readonly at: number }
  | { readonly kind: "topic"; readonly name: string; readonly partitions: number }
  | { readonly kind: "time"; readonly ms: number };

const member = fc.constantFrom("m1", "m2", "m3", "m4", "m5");
const fate = fc.constantFrom<Fate>("arrives", "arrives", "arrives", "request lost", "answer lost");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("heartbeat" as const), member, fate }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("join" as const, "leave" as const), member, fate }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), member }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("repeat" as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("topic" as const),
      name: fc.constantFrom("a", "b"),
      partitions: fc.integer({ min: 0, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.constantFrom(1000, 400_000) }) },
);
const steps = fc.array(step, { maxLength: 60 });

function take(group: ModelGroup, { kind, ...rest }: Step): void {
  const with_ = rest as { member: string; fate: Fate; at: number; name: string; partitions: number; ms: number };
  switch (kind) {
    case "join":
    case "heartbeat":
    case "leave":
      group[kind](with_.member, with_.fate);
      return;
    case "expire":
      group.expire(with_.member);
      return;
    case "repeat":
      group.repeat(with_.at);
      return;
    case "topic":
      if (with_.partitions === 0) group.topics.delete(with_.name);
      else group.topics.set(with_.name, topicOf(with_.name, with_.partitions));
      return;
    case "time":
      group.nowMs += with_.ms;
  }
}

function courseOf(taken: readonly Step[], after?: (group: ModelGroup) => void): ModelGroup {
  const group = new ModelGroup();
  group.topics.set("a", topicOf("a", 5));
  group.topics.set("b", topicOf("b", 3));
  for (const each of taken) {
    take(group, each);
    after?.(group);
  }
  return group;
}

/** Where the group says that partitions are, told twice when two have one. */
function placesOf(state: GroupState | undefined): PartitionKey[] {
  return [...(state?.members.values() ?? [])].flatMap(({ assigned, revoking }) => [
    ...assigned.keys(),
    ...revoking.keys(),
  ]);
}

describe("whatever happens to a group", () => {
  test("no partition is with two members, nor used by two that count as members", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        courseOf(taken, (group) => {
          const places = placesOf(group.state);
          expect(new Set(places).size).toBe(places.length);
          const used = [...group.members.values()]
            .filter((each) => group.isLive(each))
            .flatMap(({ uses }) => [...uses]);
          expect(new Set(used).size).toBe(used.length);
        });
      }),
      { numRuns: 1500 },
    );
  });

  test("what a live member uses, the group knows to be with it", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        courseOf(taken, (group) => {
          for (const each of group.members.values()) {
            if (!group.isLive(each)) continue;
            const known = group.state?.members.get(each.memberId);
            for (const partition of each.uses) {
              expect(known?.assigned.has(partition) || known?.revoking.has(partition)).toBe(true);
            }
          }
        });
      }),
      { numRuns: 1000 },
    );
  });

  test("every partition is in one target, and the targets are equal to within one", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        courseOf(taken, ({ state }) => {
          if (state === undefined || state.members.size === 0) return;
          const targets = [...state.members.values()].map(({ target }) => target);
          const all = [...state.topics.values()].flatMap(partitionsOf);
          expect(targets.flatMap((target) => [...target]).sort()).toEqual(all.sort());
          const sizes = targets.map(({ size }) => size);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        });
      }),
      { numRuns: 1000 },
    );
  });

  test("epochs never go back, and who is fenced is refused", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        let epoch = 0;
        const group = courseOf(taken, ({ state }) => {
          expect(state?.epoch ?? 0).toBeGreaterThanOrEqual(epoch);
          epoch = state?.epoch ?? 0;
        });
        for (const request of group.sent) {
          const known = group.state?.members.get(request.memberId);
          if (request.epoch <= 0 || (known !== undefined && request.epoch >= known.joinedEpoch)) continue;
          const answer = group.attempt(request);
          expect(["UnknownMemberId", "FencedMemberEpoch", "GroupIdNotFound"]).toContain(answer);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("once nothing gets lost any more, everybody soon uses its target", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const group = courseOf(taken);
        const rounds = 6;
        for (let round = 0; round < rounds; round++) {
          for (const memberId of group.members.keys()) group.heartbeat(memberId, "arrives");
        }
        const { state } = group;
        for (const each of group.members.values()) {
          expect([...each.uses].sort()).toEqual([...(state?.members.get(each.memberId)?.target ?? [])].sort());
        }
        const used = [...group.members.values()].flatMap(({ uses }) => [...uses]).sort();
        const wanted = group.members.size === 0 ? [] : [...group.topics.values()].flatMap(partitionsOf).sort();
        expect(used).toEqual(wanted);
        const before = state;
        for (const memberId of group.members.keys()) group.heartbeat(memberId, "arrives");
        expect(group.state).toBe(before);
      }),
      { numRuns: 1000 },
    );
  });

  test("a state is the same after it has been stored", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const { state } = courseOf(taken);
        if (state !== undefined) expect(unpackGroupState(packGroupState(state))).toEqual(state);
      }),
      { numRuns: 500 },
    );
  });

  test("who keeps what it was to let go of, beyond its time, is fenced", () => {
    const group = courseOf([
      { kind: "join", member: "m1", fate: "arrives" },
      { kind: "join", member: "m2", fate: "arrives" },
    ]);
    group.nowMs += 300_001;
    expect(group.overdue()).toEqual(["m1"]);
    group.heartbeat("m2", "arrives");
    expect(group.member("m2").uses.size).toBe(8);
    group.heartbeat("m1", "arrives");
    expect(group.member("m1").epoch).toBe(0);
  });
});

describe("a request that comes late", () => {
  const arrives = "arrives";

  test("does not let go of what the member uses by now", () => {
    const group = courseOf([{ kind: "join", member: "m1", fate: arrives }]);
    group.join("m2", arrives);
    // Sent while m2 had nothing yet, under the epoch at which it is about to be given something.
    group.heartbeat("m2", arrives);
    const late = group.sent.at(-1);
    group.heartbeat("m1", arrives);
    group.heartbeat("m1", arrives);
    group.heartbeat("m2", arrives);
    const used = group.member("m2").uses;
    expect(used.size).toBe(4);
    group.join("m3", arrives);
    if (late !== undefined) group.attempt(late);
    group.heartbeat("m3", arrives);
    expect([...group.member("m3").uses].filter((each) => used.has(each))).toEqual([]);
  });

  test("does not make a member leave that has joined again", () => {
    const group = courseOf([{ kind: "join", member: "m1", fate: arrives }]);
    group.leave("m1", "request lost");
    const late = group.sent.at(-1);
    group.join("m1", arrives);
    if (late !== undefined) expect(group.attempt(late)).toBe("FencedMemberEpoch");
    expect(group.state?.members.has("m1")).toBe(true);
  });

  test("does not make a member join again that is there", () => {
    const group = courseOf([{ kind: "join", member: "m1", fate: arrives }]);
    const late = group.sent.at(-1);
    const before = group.state;
    if (late !== undefined) expect(group.attempt(late)).toMatchObject({ memberId: "m1", epoch: 1 });
    expect(group.state).toBe(before);
  });
});
