import { expect, test } from "vitest";
import { LogError } from "../../../../lib/client/index.ts";
import { ConsumerWorld, numbersUpTo } from "../../../support/groups/consumer-world.ts";

const RECORD_MS = 10_000;

test.each(["run", "for await"])("%s begins no record while the group has not heard it for a session", async (use) => {
  const world = await ConsumerWorld.open({ partitions: 1 });
  await world.publish(12);
  let isAway = false;
  const service = world.service(({ groupHeartbeat }) => ({
    groupHeartbeat: (...args) =>
      isAway ? Promise.reject(new LogError("NetworkException", "no connection")) : groupHeartbeat(...args),
  }));
  const consumer = world.consumer({ service });
  const begun: string[] = [];
  const work = async (text: string | null): Promise<void> => {
    begun.push(text ?? "");
    await world.virtual.scheduler.sleep(RECORD_MS);
  };
  const loop = async (): Promise<void> => {
    for await (const record of consumer) await work(record.text());
  };
  const working = use === "run" ? consumer.run({ eachRecord: (record) => work(record.text()) }) : loop();
  await world.pass(12_000);
  isAway = true;
  await world.pass(48_000);
  const begunBefore = begun.length;
  await world.pass(60_000);
  expect(begun).toHaveLength(begunBefore);
  expect(begunBefore).toBeLessThan(8);
  isAway = false;
  await world.pass(120_000);
  // Nobody else came: it is the same member still, or again, and at most what was in its hands comes twice.
  expect(new Set(begun)).toEqual(new Set(numbersUpTo(12)));
  expect(begun.length).toBeLessThanOrEqual(13);
  await world.run(Promise.all([consumer.close(), working]));
});
