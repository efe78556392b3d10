import { beforeEach, describe, expect, test } from "vitest";
import { ConsumerWorld, numbersUpTo, PollingApplication, sorted } from "../../../support/groups/consumer-world.ts";

let world: ConsumerWorld;

beforeEach(async () => {
  world = await ConsumerWorld.open();
});

describe("a group shares its partitions", () => {
  test("one member gets all, in order, from the beginning when asked to", async () => {
    await world.publish(20);
    const consumer = world.consumer();
    const application = new PollingApplication(consumer);
    await world.pass(3000);
    expect(sorted(application.seen)).toEqual(numbersUpTo(20));
    expect(consumer.assignment()).toHaveLength(6);
    application.stop();
    await world.run(application.ended);
    await world.run(consumer.close());
    expect(await world.lag()).toBe(0);
  });

  test("each record goes to one member, whoever comes and goes, when they do so cleanly", async () => {
    const consumers = [0, 1, 2].map(() => world.consumer());
    const applications: PollingApplication[] = [];
    for (const consumer of consumers) {
      await world.publish(100);
      applications.push(new PollingApplication(consumer, () => world.virtual.scheduler.sleep(20)));
      await world.pass(4000);
    }
    await world.pass(12_000);
    expect(consumers.map((consumer) => consumer.assignment().length)).toEqual([2, 2, 2]);
    for (const [at, consumer] of consumers.entries()) {
      await world.publish(50);
      applications[at]?.stop();
      await world.run(applications[at]?.ended as Promise<void>);
      await world.run(consumer.close());
      await world.pass(3000);
    }
    const last = world.consumer();
    const application = new PollingApplication(last);
    await world.pass(10_000);
    application.stop();
    await world.run(application.ended);
    await world.run(last.close());
    const seen = [...applications, application].flatMap((each) => each.seen);
    expect(applications.every((each) => each.seen.length > 0)).toBe(true);
    expect([...applications, application].flatMap(({ errors }) => errors)).toEqual([]);
    expect(sorted(seen)).toEqual(numbersUpTo(450));
  });
});
