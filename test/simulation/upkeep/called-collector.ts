import { ANONYMOUS } from "../../../lib/api/log-service.ts";
import { expectLogError } from "../clients/errors.ts";
import type { Endpoint } from "../network.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Story } from "../story.ts";
import type { World } from "../world.ts";

/** Between two collections. */
const PAUSE_MS = 6000;
/** From the moment in which something may be there to collect, mean. */
const AFTER_MS = 100;
/** How long clients rest, and stores do not fail, once it has begun. */
const LULL_MS = 2500;
const LULLS = 0.8;
const PIECES_MAX = 20;
const CALL_MS = 6000;
const START_AGAIN_MS = 3000;
const NEVER_MS = 1e9;

/**
 * A collector of its own, to which nothing happens, and which is asked just when something waits on its way for what
 * a deletion would do to it; mostly in a lull, in which it gets to its end before anybody else does something. Its
 * clock is ahead of all others: to it everything is old.
 */
export class CalledCollector {
  readonly #world: World;
  readonly #random: SeededRandom;
  #endpoint: Endpoint | undefined;
  #busy: boolean = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.fork("called-collector");
  }

  /** Comes up as soon as the stores let it. */
  async start(): Promise<void> {
    const { cluster, story, scheduler, faults, history } = this.#world;
    const aheadMs = Math.max(...story.skewMs.map(Math.abs)) + story.upkeep.collectionAgeMs;
    while (!faults.stopped && this.#endpoint === undefined) {
      try {
        this.#endpoint = await cluster.startExtra("collector", aheadMs, idleBut(story));
      } catch (error) {
        expectLogError(history, "start of a collector", error);
        await scheduler.sleep(START_AGAIN_MS);
      }
    }
  }

  /** Takes its time; while it does, it hears of nothing else. */
  call(): void {
    const { faults, scheduler } = this.#world;
    if (this.#endpoint === undefined || this.#busy || faults.stopped || faults.paused) return;
    this.#busy = true;
    const afterMs = this.#random.around(AFTER_MS);
    if (this.#random.chance(LULLS)) this.#lull(afterMs + LULL_MS);
    scheduler.after(afterMs, () => void this.#collect());
  }

  end(): void {
    this.#endpoint?.process.crash();
  }

  #lull(forMs: number): void {
    const { tide, faults, scheduler } = this.#world;
    tide.lull(forMs);
    faults.calm(true);
    scheduler.after(forMs, () => faults.calm(false));
  }

  async #collect(): Promise<void> {
    const { history, scheduler, faults } = this.#world;
    const { process, service } = this.#endpoint as Endpoint;
    try {
      let after: string | undefined;
      for (let piece = 0; piece < PIECES_MAX; piece++) {
        const deadlineMs = process.runtime.clock.monotonicMs() + CALL_MS;
        const context = { deadlineMs, principal: ANONYMOUS, clientId: process.name };
        after = (await service?.collectGarbage(context, { after }))?.next;
        if (after === undefined || faults.stopped) break;
      }
    } catch (error) {
      expectLogError(history, "a collection that was asked for", error);
    }
    await scheduler.sleep(this.#random.around(PAUSE_MS));
    this.#busy = false;
  }
}

/** Of all upkeep a broker does `some`, and nothing else unless it is asked. */
export function idleBut(story: Story, some: Partial<Story["upkeep"]> = {}): Story {
  const never = { retentionEveryMs: NEVER_MS, rewritingEveryMs: NEVER_MS, collectionEveryMs: NEVER_MS };
  return {
    ...story,
    upkeep: { ...story.upkeep, ...never, ...some },
    groups: { ...story.groups, keptEveryMs: NEVER_MS },
  };
}
