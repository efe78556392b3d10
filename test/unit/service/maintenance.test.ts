import { expect, test } from "vitest";
import { callWithin } from "../../../lib/base/call.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { Traffic } from "../../../lib/service/maintenance/traffic.ts";
import { InstantClock } from "../../support/instant-clock.ts";
import { batchOf } from "../../support/log/records-of.ts";
import { TestLog } from "../../support/log/test-log.ts";
import { anyone, brokerOf, contentOf, produceTo } from "../../support/log/test-service.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

const MINUTE_MS = 60_000;

/** A server's broker that looks after its log, on virtual time. */
function openWorld(): Promise<VirtualLog> {
  return VirtualLog.open({ settings: { backgroundWork: true } });
}

test("a server lets records go by the retention that a live topic is given, and their bytes after them", async () => {
  const world = await openWorld();
  const { service, maintenance, engine } = world.broker;
  const { clock } = world.runtime;
  await world.run(service.createTopics(anyone, { topics: [{ name: "t" }] }));
  await world.run(produceTo(service, "t", 0, batchOf(["x".repeat(100_000)], undefined, clock.nowMs())));
  await world.pass(60 * MINUTE_MS);
  expect((await world.run(contentOf(service, "t"))).length).toBe(1);
  await world.run(service.alterConfigs(anyone, { topics: [{ name: "t", set: { "retention.ms": "60000" } }] }));
  await world.pass(60 * MINUTE_MS);
  expect(await world.run(contentOf(service, "t"))).toEqual(["OffsetOutOfRange"]);
  const call = { deadlineMs: clock.monotonicMs() + MINUTE_MS };
  expect((await world.run(engine.context.objects.list("staged/", call))).objects).toEqual([]);
  expect((await world.run(engine.context.objects.list("topics/", call))).objects).toHaveLength(1);
  expect(await world.run(maintenance.runCollection({}, call))).toMatchObject({ objects: 0, items: 0, bytes: 0 });
  await world.run(world.broker.close());
});

test("records are let go by their retention though what they lie in cannot be rolled", async () => {
  const log = new TestLog();
  const { service, maintenance } = await brokerOf(log, {
    objects: ({ operation, args }, proceed) => {
      const isSegment = operation === "put" && String(args[0]).endsWith(".log");
      return isSegment ? Promise.reject(new LogError("StoreUnavailable", "not now")) : proceed();
    },
  });
  await service.createTopics(anyone, { topics: [{ name: "t", configs: { "retention.ms": "60000" } }] });
  await produceTo(service, "t", 0, batchOf(["old"], undefined, log.clock.nowMs()));
  log.clock.advance(60 * MINUTE_MS);
  const call = callWithin(log.clock, MINUTE_MS);
  const swept = await maintenance.runRetention({}, call);
  expect(swept).toMatchObject({ partitions: 1, failed: 1, next: undefined });
  expect(swept.removedBytes).toBeGreaterThan(0);
  expect(await contentOf(service, "t")).toEqual(["OffsetOutOfRange"]);
});

test("a sweep whose time is over says where it goes on, and comes through all partitions", async () => {
  const world = await VirtualLog.open();
  const { service, maintenance } = world.broker;
  const topics = [
    { name: "a", partitions: 2 },
    { name: "b", partitions: 1 },
  ];
  await world.run(service.createTopics(anyone, { topics }));
  const call = () => ({ deadlineMs: world.runtime.clock.monotonicMs() + MINUTE_MS });
  const late = () => ({ deadlineMs: world.runtime.clock.monotonicMs() + 1 });
  expect(await world.run(maintenance.runRetention({}, late()))).toMatchObject({ partitions: 0, next: "a/0" });
  expect(await world.run(maintenance.runRetention({ after: "a/1" }, call()))).toMatchObject({
    partitions: 2,
    failed: 0,
    next: undefined,
  });
});

test("a topic deleted in use answers that it is unknown, and one made anew under its name starts at 0 and is empty", async () => {
  const world = await openWorld();
  const { service } = world.broker;
  const create = () => world.run(service.createTopics(anyone, { topics: [{ name: "t" }] }));
  await create();
  await world.run(produceTo(service, "t", 0, batchOf(["old"])));
  await world.run(service.deleteTopics(anyone, { names: ["t"] }));
  expect(await world.run(contentOf(service, "t"))).toEqual(["UnknownTopicOrPartition"]);
  await create();
  expect(await world.run(contentOf(service, "t"))).toEqual([]);
  expect(
    await world.run(produceTo(service, "t", 0, batchOf(["new"], undefined, world.runtime.clock.nowMs()))),
  ).toMatchObject({ ok: true, baseOffset: 0 });
  await world.pass(60 * MINUTE_MS);
  expect(await world.run(contentOf(service, "t"))).toEqual(["0:new"]);
  await world.run(world.broker.close());
});

test("background work waits for requests under way, but not for ever", async () => {
  const clock = new InstantClock();
  const traffic = new Traffic(clock);
  await traffic.giveWay();
  expect(clock.slept).toEqual([]);
  await expect(traffic.during(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await traffic.giveWay();
  expect(clock.slept).toEqual([]);
  await traffic.during(() => traffic.giveWay());
  expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(200);
});
