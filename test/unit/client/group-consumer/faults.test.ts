import { expect, test } from "vitest";
import { Tidelog } from "../../../../lib/client/index.ts";
import { GroupLedger, GroupWorker, type WorkerKind } from "../../../support/groups/group-worker.ts";
import { GroupWorld } from "../../../support/groups/group-world.ts";
import { unreliableItems } from "../../../support/groups/unreliable-items.ts";
import { byLength } from "../../../support/test-length.ts";

const PARTITIONS = 5;
const SEEDS = byLength({ quick: 4, short: 40, full: 400 });
const CHANGES = 25;
const KINDS: readonly WorkerKind[] = ["poll", "run", "for await"];

interface Course {
  readonly world: GroupWorld;
  readonly ledger: GroupLedger;
  readonly workers: GroupWorker[];
  published: number;
}

async function courseOf(seed: number, faults: { chance: () => number }): Promise<Course> {
  const around: NonNullable<Parameters<typeof GroupWorld.open>[0]>["around"] = (items, { scheduler, random }) =>
    unreliableItems(items, { scheduler, random, chance: faults.chance, delayMs: 4 });
  const world = await GroupWorld.open({ seed, brokers: 3, around });
  await world.createTopic("orders", PARTITIONS);
  return { world, ledger: new GroupLedger(), workers: [], published: 0 };
}

function join({ world, ledger, workers }: Course): void {
  workers.push(new GroupWorker(world, ledger, KINDS[world.random.below(KINDS.length)] ?? "poll"));
}

async function publish(course: Course): Promise<void> {
  await using log = new Tidelog({ service: course.world.service, runtime: course.world.runtime });
  const records = Array.from({ length: 20 }, () => ({ value: "x", partition: course.published++ % PARTITIONS }));
  await log.publish("orders", records);
}

/** Who comes, goes, dies or loses the network next. */
async function change(course: Course, isClean: boolean): Promise<void> {
  const { world, workers } = course;
  const { random } = world;
  if (workers.length < 2 || (workers.length < 5 && random.chance(0.4))) return join(course);
  const at = random.below(workers.length);
  const worker = workers[at] as GroupWorker;
  if (!isClean && random.chance(0.5)) return void worker.cutOff(random.around(60_000));
  workers.splice(at, 1);
  if (!isClean && random.chance(0.5)) return worker.die();
  await worker.close();
  expect(worker.errors).toEqual([]);
}

async function runCourse(course: Course, isClean: boolean): Promise<void> {
  const { world } = course;
  for (let changes = 0; changes < CHANGES; changes++) {
    await publish(course);
    await change(course, isClean);
    await world.scheduler.sleep(world.random.around(6000));
  }
}

/** Time for sessions to end, for the last to take over, and for them to read what is there. */
async function finish(course: Course): Promise<void> {
  const { world, ledger, workers } = course;
  if (workers.length === 0) join(course);
  for (let waited = 0; waited < 60 && ledger.finished.size < course.published; waited++)
    await world.scheduler.sleep(5000);
  for (const worker of workers) {
    await worker.close();
    expect(worker.errors).toEqual([]);
  }
}

test.each(Array.from({ length: SEEDS }, (_, at) => at + 1))(
  "whoever dies, freezes, comes and goes, no record is missed, and none committed before it is done with (seed %i)",
  async (seed) => {
    let chance = 0;
    const course = await courseOf(seed, { chance: () => chance });
    chance = 0.01;
    await course.world.run(runCourse(course, false));
    chance = 0;
    await course.world.run(finish(course));
    expect(course.ledger.wrongs).toEqual([]);
    expect(course.ledger.finished.size).toBe(course.published);
  },
);

test.each(Array.from({ length: SEEDS }, (_, at) => at + 1))(
  "when members only come and go, each record comes once (seed %i)",
  async (seed) => {
    const course = await courseOf(seed, { chance: () => 0 });
    await course.world.run(runCourse(course, true));
    await course.world.run(finish(course));
    expect(course.ledger.wrongs).toEqual([]);
    expect(course.ledger.finished.size).toBe(course.published);
    expect(course.ledger.repeated).toBe(0);
  },
);
