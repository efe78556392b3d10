import { expect, test } from "vitest";
import { Waker } from "../../../lib/client/consumer/waker.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

const LONG_MS = 60_000;

test("what happens while nobody waits ends the next wait, and only that", async () => {
  const world = await VirtualLog.open();
  const waker = new Waker(world.runtime.clock);
  waker.wake();
  waker.wake();
  const startMs = world.scheduler.nowMs;
  await world.run(waker.wait(LONG_MS, undefined));
  expect(world.scheduler.nowMs).toBe(startMs);
  const second = waker.wait(LONG_MS, undefined);
  await world.pass(1000);
  waker.wake();
  await world.run(second);
  expect(world.scheduler.nowMs).toBe(startMs + 1000);
  await world.run(waker.wait(LONG_MS, undefined));
  expect(world.scheduler.nowMs).toBe(startMs + 1000 + LONG_MS);
});
