import { describe, expect, test } from "vitest";
import { checkGroup } from "../../support/group-soak/check-group.ts";
import type { MemberEvent } from "../../support/group-soak/member-events.ts";
import { ownerships } from "../../support/group-soak/ownership.ts";

interface Told {
  readonly events: readonly MemberEvent[];
  readonly killedAtMs?: number;
}

const PARTITIONS = [0];
const assigned = (atMs: number): MemberEvent => ({ kind: "assigned", atMs, partitions: PARTITIONS });
const revoked = (atMs: number): MemberEvent => ({ kind: "revoked", atMs, partitions: PARTITIONS });
const lost = (atMs: number): MemberEvent => ({ kind: "lost", atMs, partitions: PARTITIONS });
const consumed = (from: number, end: number): MemberEvent => ({ kind: "consumed", atMs: 0, partition: 0, from, end });
const commit = (atMs: number, offset: number, error?: string): MemberEvent => {
  return { kind: "commit", atMs, offsets: [{ partition: 0, offset }], ...(error === undefined ? {} : { error }) };
};

const check = (...members: Told[]) =>
  checkGroup(ownerships(members.map(({ events, killedAtMs }) => ({ events, killedAtMs }))), [10]);

/** Has it from the beginning, consumes to 6 and commits 4. */
const first = [assigned(1), consumed(0, 4), commit(2, 4), consumed(4, 6)];

describe("what members of a group tell of themselves", () => {
  test("agrees when a partition goes over with its place, and when it is taken up where a dead member committed", () => {
    const leaves = [...first, commit(3, 6), revoked(4)];
    const next = [assigned(5), consumed(6, 10), commit(6, 10)];
    expect(check({ events: leaves }, { events: next })).toEqual({ consumed: 10, again: 0, refusedCommits: 0 });
    const takesUp = [assigned(5), consumed(4, 10), commit(6, 10)];
    expect(check({ events: first, killedAtMs: 4 }, { events: takesUp })).toMatchObject({ consumed: 10, again: 2 });
    const wakes = [...first, commit(9, 6, "UnknownMemberId"), lost(10)];
    expect(check({ events: wakes }, { events: takesUp })).toMatchObject({ again: 2, refusedCommits: 1 });
  });

  test("a record that nobody consumed is told", () => {
    const next = { events: [assigned(5), consumed(7, 10)] };
    expect(() => check({ events: first, killedAtMs: 4 }, next)).toThrow(/nobody consumed offset 6/);
  });

  test("a record that comes again though the member before it let go in peace is told", () => {
    const next = { events: [assigned(5), consumed(4, 10)] };
    expect(() => check({ events: [...first, revoked(4)] }, next)).toThrow(/4 comes again, .* not lost \(revoked\)/);
    expect(() => check({ events: first }, next)).toThrow(/4 comes again, .* not lost \(open\)/);
  });

  test("a record that comes again though it was committed is told", () => {
    const next = { events: [assigned(5), consumed(3, 10)] };
    expect(() => check({ events: first, killedAtMs: 4 }, next)).toThrow(/3 comes again, below 4 of member 0/);
  });

  test("a commit that took effect after somebody else was given the partition is told", () => {
    const stale = [...first, commit(7, 6), lost(8)];
    const next = { events: [assigned(5), consumed(6, 10)] };
    expect(() => check({ events: stale }, next)).toThrow(/member 0 committed 6 in partition 0, 2 ms after member 1/);
  });

  test("work on a partition that is not the member's is told", () => {
    expect(() => check({ events: [assigned(1), revoked(2), consumed(0, 10)] })).toThrow(/which is not its own/);
  });
});
