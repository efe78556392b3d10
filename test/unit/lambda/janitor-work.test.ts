import { expect, test } from "vitest";
import { JANITOR_JOBS, runJanitorJob } from "../../../lambda/janitor-work.ts";
import { tailAgeLine } from "../../../lambda/tail-age-line.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { maintenancePlaceKey } from "../../../lib/storage/item-keys.ts";
import { batchOf } from "../../support/log/records-of.ts";
import { anyone, produceTo } from "../../support/log/test-service.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

const MINUTE_MS = 60_000;

async function openWorld() {
  const world = await VirtualLog.open();
  const { service, engine } = world.broker;
  const topics = ["a", "b", "c"].map((name) => ({ name, partitions: 2 }));
  await world.run(service.createTopics(anyone, { topics }));
  const within = (ms: number) => ({ deadlineMs: world.runtime.clock.monotonicMs() + ms });
  const place = async () =>
    (await world.run(engine.context.items.get(maintenancePlaceKey("retention"), within(MINUTE_MS))))?.after;
  return { world, broker: world.broker, within, place };
}

test("every job runs to its end, and keeps no place then", async () => {
  const { world, broker, within, place } = await openWorld();
  for (const job of JANITOR_JOBS) {
    const done = await world.run(runJanitorJob(broker, job, within(10 * MINUTE_MS)));
    expect(done.next, job).toBeUndefined();
  }
  expect(await place()).toBeUndefined();
});

test("a job that ran out of time goes on where it was, whatever process runs it next, and begins anew after the end", async () => {
  const { world, broker, within, place } = await openWorld();
  const { items } = broker.engine.context;
  // Where an invocation of a process that is gone was cut off.
  await world.run(
    items.update(maintenancePlaceKey("retention"), [set(["v"], 1), set(["after"], "b/1")], [], within(MINUTE_MS)),
  );
  expect(await world.run(runJanitorJob(broker, "retention", within(1)))).toMatchObject({ partitions: 0, next: "b/1" });
  expect(await place()).toBe("b/1");
  const rest = await world.run(runJanitorJob(broker, "retention", within(MINUTE_MS)));
  expect(rest).toMatchObject({ partitions: 3, next: undefined });
  expect(await place()).toBe("");
  expect(await world.run(runJanitorJob(broker, "retention", within(MINUTE_MS)))).toMatchObject({ partitions: 6 });
});

test("a place that cannot be read, or leads nowhere, does not stop the job for ever", async () => {
  const { world, broker, within } = await openWorld();
  const { items } = broker.engine.context;
  const damage = (job: string) =>
    items.update(maintenancePlaceKey(job), [set(["v"], 1), set(["after"], 7)], [], within(MINUTE_MS));
  await world.run(damage("retention"));
  expect(await world.run(runJanitorJob(broker, "retention", within(MINUTE_MS)))).toMatchObject({ partitions: 6 });
  const nowhere = [set(["v"], 1), set(["after"], "nowhere")];
  await world.run(items.update(maintenancePlaceKey("collection"), nowhere, [], within(MINUTE_MS)));
  const first = runJanitorJob(broker, "collection", within(MINUTE_MS)).catch((error: unknown) => error);
  expect(await world.run(first)).toMatchObject({ code: "InvalidRequest" });
  expect((await world.run(runJanitorJob(broker, "collection", within(MINUTE_MS)))).next).toBeUndefined();
});

test("a sweep tells the age of the oldest commit that it found outside of segments, also where rolling fails", async () => {
  const { world, broker, within } = await openWorld();
  const { clock } = world.runtime;
  expect(await world.run(broker.maintenance.runRetention({}, within(MINUTE_MS)))).toMatchObject({ tailAgeMs: 0 });
  await world.run(produceTo(broker.service, "b", 1, batchOf(["x".repeat(9000)], undefined, clock.nowMs())));
  await world.pass(7 * MINUTE_MS);
  const { objects } = broker.engine.context;
  const staged = await world.run(objects.list("staged/", within(MINUTE_MS)));
  const [first] = staged.objects;
  if (first !== undefined) await world.run(objects.delete([first.key], within(MINUTE_MS)));
  const sweep = await world.run(broker.maintenance.runRetention({}, within(10 * MINUTE_MS)));
  expect(sweep.tailAgeMs).toBeGreaterThanOrEqual(7 * MINUTE_MS);
  expect(sweep.tailAgeMs).toBeLessThan(8 * MINUTE_MS);
});

test("the tail's age is a line that CloudWatch reads a metric from", () => {
  const line = tailAgeLine({ table: "log-table", ageMs: 90_400, nowMs: 1_800_000_000_000 });
  expect(line.endsWith("\n")).toBe(true);
  expect(JSON.parse(line)).toEqual({
    _aws: {
      Timestamp: 1_800_000_000_000,
      CloudWatchMetrics: [
        { Namespace: "Tidelog", Dimensions: [["Table"]], Metrics: [{ Name: "TailAge", Unit: "Seconds" }] },
      ],
    },
    Table: "log-table",
    TailAge: 90,
  });
});
