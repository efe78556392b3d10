import type { MemberEvent } from "./member-events.ts";

/** What is known of a member. */
export interface MemberTold {
  readonly events: readonly MemberEvent[];
  /** Undefined for one that was not killed. */
  readonly killedAtMs?: number | undefined;
}

/** A partition in a member's hands, from being given it to losing it in some way. */
export interface Ownership {
  readonly member: number;
  readonly partition: number;
  readonly assignedMs: number;
  /** How it ended; a member that was killed, or told that its partitions are lost, could not commit any more. */
  end: "open" | "revoked" | "abrupt";
  endedMs: number;
  readonly consumed: { readonly from: number; readonly end: number }[];
  readonly commits: { readonly startedMs: number; readonly offset: number }[];
  refusedCommits: number;
}

/** Who had which partition when, by the members' own word, in the order of being given them. */
export function ownerships(members: readonly MemberTold[]): Ownership[] {
  const all = members.flatMap((member, index) => ownershipsOf(member, index));
  return all.sort((one, other) => one.assignedMs - other.assignedMs);
}

function ownershipsOf({ events, killedAtMs }: MemberTold, member: number): Ownership[] {
  const all: Ownership[] = [];
  const open = new Map<number, Ownership>();
  for (const event of events) {
    switch (event.kind) {
      case "assigned":
        for (const partition of event.partitions) {
          if (open.has(partition)) throw new Error(`member ${member} was given partition ${partition} twice`);
          const ownership = begun(member, partition, event.atMs);
          open.set(partition, ownership);
          all.push(ownership);
        }
        break;
      case "revoked":
      case "lost":
        for (const partition of event.partitions) {
          const ownership = taken(open, member, partition);
          open.delete(partition);
          // What it could not commit on the way counts as lost.
          ownership.end = event.kind === "lost" || ownership.end === "abrupt" ? "abrupt" : "revoked";
          ownership.endedMs = event.atMs;
        }
        break;
      case "consumed":
        taken(open, member, event.partition).consumed.push({ from: event.from, end: event.end });
        break;
      case "commit":
        for (const { partition, offset } of event.offsets) {
          // It may be answered when the partition is lost already.
          const ownership = all.findLast((one) => one.partition === partition && one.assignedMs <= event.atMs);
          if (ownership === undefined) throw notItsOwn(member, partition);
          if (event.error === undefined) ownership.commits.push({ startedMs: event.atMs, offset });
          else {
            ownership.refusedCommits++;
            ownership.end = "abrupt";
          }
        }
        break;
      default:
        event satisfies never;
    }
  }
  if (killedAtMs !== undefined) {
    for (const ownership of open.values()) {
      ownership.end = "abrupt";
      ownership.endedMs = killedAtMs;
    }
  }
  return all;
}

function begun(member: number, partition: number, assignedMs: number): Ownership {
  const endedMs = Number.POSITIVE_INFINITY;
  return { member, partition, assignedMs, end: "open", endedMs, consumed: [], commits: [], refusedCommits: 0 };
}

function taken(open: ReadonlyMap<number, Ownership>, member: number, partition: number): Ownership {
  const ownership = open.get(partition);
  if (ownership === undefined) throw notItsOwn(member, partition);
  return ownership;
}

const notItsOwn = (member: number, partition: number): Error =>
  new Error(`member ${member} works on partition ${partition}, which is not its own`);
