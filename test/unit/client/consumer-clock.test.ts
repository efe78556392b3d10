import { expect, test } from "vitest";
import type { LogService } from "../../../lib/api/log-service.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { LogError } from "../../../lib/client/index.ts";
import { VirtualLog } from "../../support/virtual-log.ts";
import { publishTenTo, textsOf } from "../../support/watched-reads.ts";

/** A clock by which a ms has passed whenever one looks again, and whose timers are early by so much. */
function creepingClock(clock: Clock, earlyMs: number): Clock {
  let crept = 0;
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs() + ++crept,
    startTimer: (delayMs, action) => clock.startTimer(Math.max(0, delayMs - earlyMs), action),
  };
}

test.each(Array.from({ length: 13 }, (_, half) => half / 2))(
  "a fetch that failed is tried again in time, at whatever moment its pause ends (%d ms before a look)",
  async (earlyMs) => {
    const world = await VirtualLog.open();
    await publishTenTo(world, world.client());
    let failures = 3;
    const service: LogService = {
      ...world.broker.service,
      fetch: async (context, request) => {
        if (failures-- > 0) throw new LogError("NetworkException", "the server is away", { effect: "none" });
        return world.broker.service.fetch(context, request);
      },
    };
    const runtime = { ...world.runtime, clock: creepingClock(world.runtime.clock, earlyMs) };
    const consumer = world.client({ service, runtime }).consumer({ assign: "orders", from: "beginning" });
    const startedMs = world.runtime.clock.monotonicMs();
    const records = await world.run(consumer.poll({ timeoutMs: 60_000 }));
    expect(textsOf(records)).toHaveLength(10);
    expect(world.runtime.clock.monotonicMs() - startedMs).toBeLessThan(10_000);
  },
);
