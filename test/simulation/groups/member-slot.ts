import { MEMBER_AWAY, MEMBER_LEAVES } from "../../../lib/api/group-types.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { World } from "../world.ts";
import { GroupMember } from "./group-member.ts";
import type { MemberStory } from "./group-story.ts";

const STOP_LOOKED_FOR_MS = 500;

/** A place in which one member lives after another: each crashes, leaves, or goes for a moment; some freeze. */
export class MemberSlot {
  readonly #world: World;
  readonly #story: MemberStory;
  readonly #random: SeededRandom;
  readonly #topics: readonly string[];
  #lives = 0;
  #member: GroupMember | undefined;

  constructor(world: World, story: MemberStory, topics: readonly string[]) {
    this.#world = world;
    this.#story = story;
    this.#topics = topics;
    this.#random = world.fork(`${story.name} slot`);
  }

  /** The one that lives now. */
  get member(): GroupMember | undefined {
    return this.#member;
  }

  /** Until `stopping` answers true; the last one lives on. */
  async run(stopping: () => boolean): Promise<void> {
    if (this.#story.freezesEveryMs !== undefined) this.#freezeNowAndThen(this.#story.freezesEveryMs, stopping);
    for (;;) {
      await this.#world.scheduler.sleep(this.#random.around(this.#story.pauseMs));
      const member = new GroupMember(this.#world, this.#story, this.#lives++, this.#topics);
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
    member.leave(MEMBER_LEAVES);
    while (!member.left) await this.#world.scheduler.sleep(200);
  }

  #end(member: GroupMember): void {
    const { trace, faults } = this.#world;
    if (this.#random.chance(0.5)) {
      trace.note(member.name, "crashes");
      faults.note("memberCrash");
      member.process.crash();
      return;
    }
    member.process.thaw();
    const comesBack = this.#story.instanceId !== undefined && this.#random.chance(0.7);
    member.leave(comesBack ? MEMBER_AWAY : MEMBER_LEAVES);
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
