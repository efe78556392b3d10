import type { LogService, RequestContext } from "../../lib/api/log-service.ts";
import { LogError } from "../../lib/base/errors.ts";
import type { Scheduler } from "../simulation/scheduler.ts";
import type { SeededRandom } from "../simulation/seeded-random.ts";

export interface Unreliability {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  /** Of each fault, per request. */
  readonly chance: number;
  /** ms that a message takes on average. */
  readonly delayMs: number;
  /** While true nothing is lost any more. */
  readonly healed?: () => boolean;
}

/** How often each fault was met, so that a test can tell that it tried something. */
export interface FaultCounts {
  refused: number;
  lostRequest: number;
  lostAnswer: number;
  late: number;
}

/**
 * A service behind a bad network: requests are delayed and overtake each other, are lost, or arrive long after
 * their client has given up on them; answers are lost; and now and then the server says that it is busy.
 */
export function unreliableService(service: LogService, options: Unreliability): LogService & { counts: FaultCounts } {
  const counts: FaultCounts = { refused: 0, lostRequest: 0, lostAnswer: 0, late: 0 };
  const { scheduler, random, chance } = options;
  const delay = (): Promise<void> => scheduler.sleep(random.around(options.delayMs));
  const faulty = (): boolean => !options.healed?.() && random.chance(chance);

  async function exchange<T>(invoke: () => Promise<T>): Promise<T> {
    await delay();
    if (faulty()) {
      counts.refused += 1;
      throw new LogError("Overloaded", "busy", { retryAfterMs: random.below(50) });
    }
    if (faulty()) {
      counts.lostRequest += 1;
      throw cutOff();
    }
    if (faulty()) {
      counts.late += 1;
      void scheduler.sleep(random.around(2000)).then(() => invoke().catch(() => {}));
      throw cutOff();
    }
    const answer = await invoke();
    await delay();
    if (!faulty()) return answer;
    counts.lostAnswer += 1;
    throw cutOff();
  }

  const wrapped = new Proxy(service, {
    get(target, name) {
      if (name === "counts") return counts;
      const method = Reflect.get(target, name) as (context: RequestContext, request: object) => Promise<unknown>;
      // A request that arrives late has its time as the server counts it.
      return (context: RequestContext, request: object) =>
        exchange(() => method.call(target, { ...context, deadlineMs: scheduler.nowMs + 15_000 }, request));
    },
  });
  return wrapped as LogService & { counts: FaultCounts };
}

function cutOff(): LogError {
  return new LogError("NetworkException", "cut off", { effect: "unknown" });
}
