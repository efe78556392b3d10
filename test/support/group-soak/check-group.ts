import type { Ownership } from "./ownership.ts";

export interface GroupCounts {
  readonly consumed: number;
  /** Consumed again after a member lost the partition before it had committed them. */
  readonly again: number;
  /** Commits of members that had lost the partition. */
  readonly refusedCommits: number;
}

/**
 * What a group promises, judged from who had which partition when. Every record up to the ends was consumed; again
 * only where the earlier owner was killed or fenced, and had not committed it; and no commit took effect that an
 * owner began after another one had been given the partition.
 */
export function checkGroup(all: readonly Ownership[], ends: readonly number[]): GroupCounts {
  let consumed = 0;
  let again = 0;
  for (const [partition, end] of ends.entries()) {
    const owners = all.filter((ownership) => ownership.partition === partition);
    checkCommits(owners);
    const times = timesConsumed(owners, end);
    const missed = times.indexOf(0);
    if (missed >= 0) throw new Error(`partition ${partition}: nobody consumed offset ${missed}`);
    consumed += end;
    again += times.reduce((sum, each) => sum + each - 1, 0);
    checkRepeats(owners);
  }
  return { consumed, again, refusedCommits: all.reduce((sum, { refusedCommits }) => sum + refusedCommits, 0) };
}

function checkCommits(owners: readonly Ownership[]): void {
  for (const [index, { member, partition, commits }] of owners.entries()) {
    const next = owners.slice(index + 1).find((owner) => owner.member !== member);
    const stale = commits.find(({ startedMs }) => next !== undefined && startedMs > next.assignedMs);
    if (stale === undefined || next === undefined) continue;
    const late = `${stale.startedMs - next.assignedMs} ms after member ${next.member} was given it`;
    throw new Error(`member ${member} committed ${stale.offset} in partition ${partition}, ${late}`);
  }
}

function timesConsumed(owners: readonly Ownership[], end: number): number[] {
  const times = new Array<number>(end).fill(0);
  for (const { consumed } of owners) {
    for (const range of consumed) for (let at = range.from; at < range.end; at++) times[at] = (times[at] ?? 0) + 1;
  }
  return times;
}

/** Going back in time: what a later owner consumed, an earlier one may have consumed only if it could not commit it. */
function checkRepeats(owners: readonly Ownership[]): void {
  /** The first offset that some later owner consumed: each owner's are one stretch. */
  let laterFrom = Number.POSITIVE_INFINITY;
  for (const { member, partition, end, consumed, commits } of owners.toReversed()) {
    const [first] = consumed;
    const last = consumed.at(-1);
    if (first === undefined || last === undefined) continue;
    for (const [index, { from }] of consumed.entries()) {
      const before = consumed[index - 1];
      if (before !== undefined && from !== before.end) {
        throw new Error(`member ${member} went from ${before.end} to ${from} in partition ${partition}`);
      }
    }
    const committed = commits.reduce((most, { offset }) => Math.max(most, offset), 0);
    if (laterFrom < committed) {
      throw new Error(`partition ${partition}: ${laterFrom} comes again, below ${committed} of member ${member}`);
    }
    if (laterFrom < last.end && end !== "abrupt") {
      throw new Error(`partition ${partition}: ${laterFrom} comes again, and member ${member} was not lost (${end})`);
    }
    laterFrom = Math.min(laterFrom, first.from);
  }
}
