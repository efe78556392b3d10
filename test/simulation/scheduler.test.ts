import { expect, test } from "vitest";
import { synchronousCodecs } from "../../lib/base/codecs.ts";
import { silentMeter } from "../../lib/base/meter.ts";
import { Scheduler } from "./scheduler.ts";
import { SeededRandom } from "./seeded-random.ts";
import { EPOCH_MS, SimulatedProcess } from "./simulated-process.ts";

function processOn(scheduler: Scheduler, skewMs = 0): SimulatedProcess {
  const random = new SeededRandom(1);
  return new SimulatedProcess({
    name: "p",
    scheduler,
    random,
    codecs: synchronousCodecs(),
    meter: silentMeter,
    skewMs,
  });
}

test("events run in order of their time, ties in order of their making, cancelled ones never", async () => {
  const scheduler = new Scheduler();
  const seen: string[] = [];
  scheduler.after(20, () => seen.push("c"));
  scheduler.after(10, () => seen.push("a"));
  scheduler.after(10, () => seen.push("b"));
  scheduler.after(15, () => seen.push("never")).cancel();
  await scheduler.run(() => false, 100);
  expect(seen).toEqual(["a", "b", "c"]);
  expect(scheduler.nowMs).toBe(100);
});

test("what an event sets off is over before the next one, however long the chain of promises", async () => {
  const scheduler = new Scheduler();
  const seen: string[] = [];
  const chain = async (): Promise<void> => {
    for (let step = 0; step < 5000; step++) await Promise.resolve();
    seen.push("end of the chain");
  };
  scheduler.after(1, () => void chain());
  scheduler.after(1, () => seen.push("next event"));
  await scheduler.run(() => false, 10);
  expect(seen).toEqual(["end of the chain", "next event"]);
});

test("a crashed process never runs again", async () => {
  const scheduler = new Scheduler();
  const process = processOn(scheduler);
  const seen: string[] = [];
  process.runtime.clock.startTimer(10, () => seen.push("timer"));
  void process.runtime.clock.sleep(10).then(() => seen.push("sleep"));
  scheduler.after(5, () => process.crash());
  await scheduler.run(() => false, 100);
  expect(seen).toEqual([]);
});

test("a frozen process runs what was due when it thaws, and not before", async () => {
  const scheduler = new Scheduler();
  const process = processOn(scheduler);
  const seen: number[] = [];
  process.runtime.clock.startTimer(10, () => seen.push(scheduler.nowMs));
  process.freeze();
  scheduler.after(500, () => process.thaw());
  await scheduler.run(() => false, 1000);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toBeGreaterThanOrEqual(500);
});

test("a wall clock is off and jumps, the monotonic one is neither", async () => {
  const scheduler = new Scheduler();
  const process = processOn(scheduler, -3000);
  const { clock } = process.runtime;
  scheduler.after(100, () => process.jumpClock(-50_000));
  await scheduler.run(() => false, 200);
  expect(clock.nowMs()).toBe(EPOCH_MS + 200 - 53_000);
  expect(clock.monotonicMs()).toBe(200);
});
