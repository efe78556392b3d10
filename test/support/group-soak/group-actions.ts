import { setTimeout as sleep } from "node:timers/promises";
import type { Tidelog } from "../../../lib/client/index.ts";
import { GroupMember, type MemberOptions } from "./group-member.ts";
import { whileAway } from "./while-away.ts";

export interface GroupActionsOptions extends Omit<MemberOptions, "mode"> {
  readonly log: Tidelog;
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
}

type Action = "join" | "leave" | "crash" | "freeze";

/** How long each kind of change took, ms. */
export interface Timings {
  /** From a join or leave until the group is stable again with everybody in it. */
  readonly settledMs: number[];
  /** From a crash until somebody else has each of the dead member's partitions. */
  readonly takenOverMs: number[];
}

const MEMBERS_MIN = 3;
const MEMBERS_MAX = 12;
const PEACEFUL: readonly Action[] = ["join", "join", "leave"];
const VIOLENT: readonly Action[] = ["crash", "freeze"];
const LOOK_MS = 200;
/** A group that needs longer does not settle. */
const SETTLE_MS_MAX = 90_000;

/** Members that join, leave, crash and freeze, a few at a time, with the group watched as it settles in between. */
export class GroupActions {
  readonly members: GroupMember[] = [];
  readonly timings: Timings = { settledMs: [], takenOverMs: [] };
  readonly done: Record<Action, number> = { join: 0, leave: 0, crash: 0, freeze: 0 };
  /** At a time. */
  membersMost = 0;
  readonly #options: GroupActionsOptions;
  #isOver = false;

  constructor(options: GroupActionsOptions) {
    this.#options = options;
  }

  get running(): GroupMember[] {
    return this.members.filter(({ state }) => state === "running");
  }

  /** Of joins, leaves, crashes and freezes: how many there were at all. */
  get kindsDone(): number {
    return Object.values(this.done).filter((times) => times > 0).length;
  }

  async start(): Promise<void> {
    for (let count = 0; count <= MEMBERS_MIN; count++) this.#join();
    await this.#settled();
  }

  /** One to three changes at once, then waits until the group has settled. */
  async changeSome(): Promise<void> {
    const kinds: readonly Action[] =
      this.done.crash === 0 ? ["crash"] : (any([PEACEFUL, VIOLENT, [...PEACEFUL, ...VIOLENT]]) ?? PEACEFUL);
    const actions = Array.from({ length: 1 + below(3) }, () => any(kinds) ?? "join");
    const startedMs = Date.now();
    const crashed: GroupMember[] = [];
    const thawing: Promise<void>[] = [];
    for (const action of actions) {
      const member = any(this.running);
      if (action === "join" || member === undefined || this.running.length <= MEMBERS_MIN) this.#join();
      else if (action === "leave") await this.#leave(member);
      else if (action === "crash") crashed.push(await this.#crash(member));
      else thawing.push(this.#freeze(member));
    }
    const takenOver = this.#takenOver(crashed);
    await Promise.all([...thawing, takenOver]);
    await this.#settled();
    if (crashed.length === 0 && thawing.length === 0) this.timings.settledMs.push(Date.now() - startedMs);
  }

  /** Resolves when the group has committed these ends. */
  async consumedTo(ends: readonly number[]): Promise<void> {
    const { log, group } = this.#options;
    await until(`${group} consumes all that there is`, async () => {
      await this.#checkMembers();
      const offsets = await log.admin.groups.offsets(group).catch(whileAway([]));
      const committed = new Map(offsets.map(({ partition, offset }) => [partition, offset]));
      return ends.every((end, partition) => end === 0 || committed.get(partition) === end);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.running.map((member) => member.leave()));
  }

  /** Whatever is going on: nothing is begun any more. */
  async kill(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.members.filter(({ state }) => state !== "gone").map((member) => member.kill()));
  }

  #join(): void {
    if (this.#isOver) throw new Error("the members have been killed");
    if (this.running.length >= MEMBERS_MAX) return;
    this.done.join++;
    const mode = this.members.length % 2 === 0 ? "poll" : "run";
    this.members.push(new GroupMember({ ...this.#options, mode }));
    this.membersMost = Math.max(this.membersMost, this.running.length);
  }

  async #leave(member: GroupMember): Promise<void> {
    this.done.leave++;
    await member.leave();
  }

  async #crash(member: GroupMember): Promise<GroupMember> {
    this.done.crash++;
    await member.kill();
    return member;
  }

  /** For longer than its session, so that others have its partitions when it goes on. */
  async #freeze(member: GroupMember): Promise<void> {
    this.done.freeze++;
    member.freeze();
    await sleep(this.#options.sessionTimeoutMs * (1.2 + Math.random()));
    member.thaw();
  }

  async #takenOver(crashed: readonly GroupMember[]): Promise<void> {
    await Promise.all(
      crashed.map(async ({ partitions, killedAtMs = 0 }) => {
        await until("others have a dead member's partitions", async () => {
          return [...partitions].every((partition) => this.running.some((other) => other.partitions.has(partition)));
        });
        if (partitions.size > 0) this.timings.takenOverMs.push(Date.now() - killedAtMs);
      }),
    );
  }

  async #settled(): Promise<void> {
    const { log, group, partitions } = this.#options;
    await until(`${group} settles`, async () => {
      await this.#checkMembers();
      const [described] = (await log.admin.groups.list().catch(whileAway([]))).filter(
        ({ groupId }) => groupId === group,
      );
      if (described?.state !== "stable" || described.members !== this.running.length) return false;
      const held = this.running.reduce((sum, member) => sum + member.partitions.size, 0);
      return held === partitions;
    });
  }

  async #checkMembers(): Promise<void> {
    await Promise.all(this.members.map((member) => member.check()));
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedMs > SETTLE_MS_MAX) throw new Error(`${what}: not within ${SETTLE_MS_MAX} ms`);
    await sleep(LOOK_MS);
  }
}

const below = (bound: number): number => Math.floor(Math.random() * bound);
const any = <Value>(values: readonly Value[]): Value | undefined => values[below(values.length)];
