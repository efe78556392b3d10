import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";

const STOP_LOOKED_FOR_MS = 500;

/** What happens to those who live in one place, one after another. */
export interface LifeStory {
  readonly name: string;
  /** Static: whoever follows in its place takes it over. */
  readonly instanceId: string | undefined;
  /** Mean ms from one end of a life to the next beginning. */
  readonly pauseMs: number;
  readonly lifeMs: number;
  readonly freezesEveryMs: number | undefined;
}

/** One life. */
export interface Living {
  readonly name: string;
  readonly process: SimulatedProcess;
  /** Whether it has ended its run. */
  readonly left: boolean;
  /** Ends when it has left; never for one that crashes. */
  run(): Promise<void>;
  /** Asks it to leave when it has finished what it is at. */
  leave(options: { readonly comesBack: boolean }): void;
}

/** A place in which one member lives after another: each crashes, leaves, or goes for a moment; some freeze. */
export class MemberSlot<Member extends Living> {
  readonly #world: World;
  readonly #story: LifeStory;
  readonly #random: SeededRandom;
  readonly #begin: (life: number) => Member;
  #lives = 0;
  #member: Member | undefined;

  constructor(world: World, story: LifeStory, begin: (life: number) => Member) {
    this.#world = world;
    this.#story = story;
    this.#begin = begin;
    this.#random = world.fork(`${story.name} slot`);
  }

  /** The one that lives now. */
  get member(): Member | undefined {
    return this.#member;
  }

  /** Until `stopping` answers true; the last one lives on. */
  async run(stopping: () => boolean): Promise<void> {
    if (this.#story.freezesEveryMs !== undefined) this.#freezeNowAndThen(this.#story.freezesEveryMs, stopping);
    for (;;) {
      await this.#world.scheduler.sleep(this.#random.around(this.#story.pauseMs));
      const member = this.#begin(this.#lives++);
      this.#member = member;
      const gone = Promise.race([member.run(), new Promise<void>((resolve) => member.process.onCrash(resolve))]);
      await Promise.race([gone, this.#passLife(stopping)]);
      if (stopping()) return;
      this.#end(member);
      await gone;
    }
  }

  async #passLife(stopping: () => boolean): Promise<void> {
    const { scheduler } = this.#world;
    const endsAtMs = scheduler.nowMs + this.#random.around(this.#story.lifeMs);
    while (!stopping() && scheduler.nowMs < endsAtMs) await scheduler.sleep(STOP_LOOKED_FOR_MS);
  }

  /** Asks the last one to leave; resolves when it has. */
  async finish(): Promise<void> {
    const member = this.#member;
    if (member === undefined) return;
    member.leave({ comesBack: false });
    while (!member.left) await this.#world.scheduler.sleep(200);
  }

  #end(member: Member): void {
    const { trace, faults } = this.#world;
    if (this.#random.chance(0.5)) {
      trace.note(member.name, "crashes");
      faults.note("memberCrash");
      member.process.crash();
      return;
    }
    member.process.thaw();
    const comesBack = this.#story.instanceId !== undefined && this.#random.chance(0.7);
    member.leave({ comesBack });
  }

  #freezeNowAndThen(everyMs: number, stopping: () => boolean): void {
    const { scheduler, trace, faults } = this.#world;
    scheduler.after(this.#random.around(everyMs), () => {
      const member = this.#member;
      if (stopping()) return;
      this.#freezeNowAndThen(everyMs, stopping);
      if (member === undefined || !member.process.running) return;
      const forMs = this.#random.around(this.#world.story.groups.sessionTimeoutMs);
      trace.note(member.name, `freezes for ${forMs.toFixed(0)} ms`);
      faults.note("memberFreeze");
      member.process.freeze();
      scheduler.after(forMs, () => member.process.thaw());
    });
  }
}
