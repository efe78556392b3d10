import { expectLogError } from "../clients/errors.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { World } from "../world.ts";
import { idleBut } from "./called-collector.ts";

/** From the moment in which a rewriting is on its way, mean. */
const AFTER_MS = 100;
/** Between its rounds, mean: it goes before it has done many. */
const ROUND_MS = 300;
const STAYS_MS = 800;
/** Between two of them, mean. */
const PAUSE_MS = 8000;
/** Each costs requests. */
const CALLS_MAX = 8;

/**
 * A broker to which nothing happens, and which comes for a moment to merge and compact when another's swap of index
 * items waits on its way: both have begun with the same, and the one that waited is the second.
 */
export class CalledRewriter {
  readonly #world: World;
  readonly #random: SeededRandom;
  #calls: number = 0;
  #busy: boolean = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.fork("called-rewriter");
  }

  /** While one is there, and for a while after it, it hears of nothing else. */
  call(): void {
    const { faults, scheduler } = this.#world;
    if (this.#busy || this.#calls >= CALLS_MAX || faults.stopped || faults.paused) return;
    this.#busy = true;
    this.#calls += 1;
    scheduler.after(this.#random.around(AFTER_MS), () => void this.#rewrite());
  }

  async #rewrite(): Promise<void> {
    const { cluster, story, scheduler, history } = this.#world;
    const aheadMs = Math.max(...story.skewMs.map(Math.abs));
    try {
      const rewriting = idleBut(story, { rewritingEveryMs: ROUND_MS });
      const { process } = await cluster.startExtra(`rewriter-${this.#calls}`, aheadMs, rewriting);
      await scheduler.sleep(STAYS_MS);
      process.crash();
    } catch (error) {
      expectLogError(history, "start of a rewriter", error);
    }
    await scheduler.sleep(this.#random.around(PAUSE_MS));
    this.#busy = false;
  }
}
