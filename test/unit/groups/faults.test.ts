import { describe, expect, test } from "vitest";
import { isLogError } from "../../../lib/base/errors.ts";
import { GroupWorld } from "../../support/groups/group-world.ts";
import { TestMember } from "../../support/groups/test-member.ts";
import { unreliableItems } from "../../support/groups/unreliable-items.ts";
import { byLength } from "../../support/test-length.ts";

const PARTITIONS = 6;
const SEEDS = byLength({ quick: 12, short: 100, full: 1000 });
const FAULTY_MS = 240_000;

interface Told {
  readonly memberId: string;
  readonly atMs: number;
}

/** What was seen from outside: who was told last that it may use a partition. */
class Course {
  readonly world: GroupWorld;
  readonly owners = new Map<string, Told>();
  readonly breaches: string[] = [];
  commits = 0;
  refused = 0;
  stopped = false;

  constructor(world: GroupWorld) {
    this.world = world;
  }

  noteTold(member: TestMember, before: readonly string[]): void {
    for (const name of member.owned) {
      if (before.includes(name)) continue;
      this.owners.set(name, { memberId: member.memberId, atMs: this.world.scheduler.nowMs });
    }
  }

  async commit(member: TestMember, name: string): Promise<void> {
    const [topic = "", partition = "0"] = name.split("/");
    const beganMs = this.world.scheduler.nowMs;
    try {
      await member.commit(topic, Number(partition), 0);
    } catch (error) {
      if (!isLogError(error)) throw error;
      this.refused++;
      return;
    }
    this.commits++;
    const owner = this.owners.get(name);
    if (owner !== undefined && owner.memberId !== member.memberId && owner.atMs < beganMs) {
      this.breaches.push(`${member.memberId} committed ${name} after ${owner.memberId} was told that it has it`);
    }
  }
}

async function live(course: Course, member: TestMember): Promise<void> {
  const { world } = course;
  while (!course.stopped) {
    const before = member.owned;
    try {
      if (member.epoch === 0) await member.join();
      else await member.heartbeat();
      course.noteTold(member, before);
    } catch (error) {
      if (!isLogError(error)) throw error;
      if (!error.retriable) member.epoch = 0;
    }
    for (const name of member.owned) await course.commit(member, name);
    await world.scheduler.sleep(world.random.around(5000));
    if (world.random.chance(0.05)) await world.scheduler.sleep(70_000);
    if (world.random.chance(0.03) && member.epoch > 0) {
      await member.leave().catch(() => undefined);
      member.epoch = 0;
      member.assignment = [];
      // As a client does that leaves: it comes back as somebody else.
      member.memberId = "";
    }
  }
}

describe("a group on several brokers over an unreliable store", () => {
  test("nobody commits what another was given, and it settles once faults stop", async () => {
    let commits = 0;
    let refused = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      let chance = 0;
      const world = await GroupWorld.open({
        seed,
        brokers: 3,
        around: (items, { scheduler, random }) =>
          unreliableItems(items, { scheduler, random, chance: () => chance, delayMs: 8 }),
      });
      await world.createTopic("t", PARTITIONS);
      const course = new Course(world);
      const members = [1, 2, 3, 4].map(() => new TestMember(world, "g", { topics: ["t"] }));
      chance = 0.04;
      const lives = Promise.all(members.map((member) => live(course, member)));
      await world.pass(FAULTY_MS);
      course.stopped = true;
      chance = 0;
      await world.run(lives);
      expect(course.breaches, `seed ${seed}`).toEqual([]);
      commits += course.commits;
      refused += course.refused;
      await settles(world, members, seed);
    }
    expect(commits).toBeGreaterThan(SEEDS * 50);
    expect(refused).toBeGreaterThan(0);
  });
});

async function settles(world: GroupWorld, members: readonly TestMember[], seed: number): Promise<void> {
  for (let round = 0; round < 25; round++) {
    for (const member of members) {
      try {
        await world.run(member.epoch === 0 ? member.join() : member.heartbeat());
      } catch (error) {
        if (!isLogError(error)) throw error;
        member.epoch = 0;
        member.assignment = [];
      }
    }
    await world.pass(5000);
  }
  const owned = members.flatMap((member) => member.owned).sort();
  const all = Array.from({ length: PARTITIONS }, (_, partition) => `t/${partition}`);
  expect(owned, `seed ${seed}`).toEqual(all);
}
