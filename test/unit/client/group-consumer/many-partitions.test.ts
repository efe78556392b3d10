import { expect, test } from "vitest";
import { requestPartitionsMax } from "../../../../lib/base/limits.ts";
import { ConsumerWorld } from "../../../support/groups/consumer-world.ts";

test("one member takes more partitions than a request may name, and commits and tells their places", async () => {
  const partitions = requestPartitionsMax / 2 + 1;
  const world = await ConsumerWorld.open({ partitions });
  await world.createTopic("more", partitions);
  const consumer = world.consumer({ to: ["orders", "more"] });
  await world.publish(1);
  const records = await world.run(consumer.poll({ timeoutMs: 10_000 }));
  expect(records.map((record) => record.text())).toEqual(["0"]);
  expect(consumer.assignment()).toHaveLength(2 * partitions);
  await world.run(consumer.commit());
  const places = await world.run(consumer.committed());
  expect(places).toHaveLength(2 * partitions);
  expect(places.filter(({ offset }) => offset === 1)).toHaveLength(1);
  await world.run(consumer.close());
});
