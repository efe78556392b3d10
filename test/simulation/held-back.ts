import { storeUpdateMsMax } from "../../lib/base/limits.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Something that waits for a write. */
interface Held {
  readonly fromMs: number;
  readonly calledUp: number;
  readonly place: "before" | "after";
  /** Whose writes alone call it up; undefined: anybody's. */
  readonly calledUpBy?: string | undefined;
  readonly go: () => void;
}

/** What may be deleted while a write is on its way. */
export interface Deletable {
  /** Where other things of its kind may be deleted. */
  readonly place: string;
  /** What its sender has left in a store just before, and so may refer to. */
  readonly lastLeft: string | undefined;
  /** Whether it surely does. */
  readonly refers: boolean;
  /** What it takes the place of, where it takes something away: another may do so before it arrives. */
  readonly replaces: readonly string[];
}

/** A write of what bears these names. */
export interface HeldWrite extends Deletable {
  readonly names: readonly string[];
  readonly sender: string;
}

const STAGED_ITEMS = "s#";

/** It goes on in the end, whether another write comes or not. */
const HELD_MS_MAX = 60_000;
/** A sender that has given up on it has looked for it by then, and not yet done anything about it. */
const LOOKED_FOR_MS = storeUpdateMsMax + 2.5;
/** From which age on another write calls it up. */
const FROM_MS = [0, LOOKED_FOR_MS, LOOKED_FOR_MS, LOOKED_FOR_MS, 8000, 25_000];
/** Behind the write that called it up. */
const AFTER_MS = [5, 50, 200, 200, 500, 3000];
/** Whether each write that comes calls it up. */
const CALLED_UP = [1, 1, 0.3];
/** The same of each deletion: the next one is seldom of what the write refers to. */
const CALLED_UP_BY_DELETION = [1, 0.4, 0.15];

/** Of those that wait for another write, for the next one of their own sender, which has given up on them by then. */
const AWAITS_ITS_SENDER = 0.6;

/** That bytes were deleted, staged ones or a segment's. */
export const BYTES_DELETED = "bytes deleted";
/** What is lost for good is where a rule shows that is missing: many wait for that, though it be none of theirs. */
const AWAITS_DELETION = 0.25;
/** Of those that refer to what their sender has written last, for the deletion of that. */
const AWAITS_DELETION_OF_ITS_OWN = 0.5;
/** Of those that take the place of something, for another write to just that. */
const AWAITS_ITS_PLACE = 0.5;

/**
 * Writes that the network holds back until another write to the same item comes, whoever sends it, or until something
 * is deleted: they arrive right before that, or soon after. What two do to one thing at one time is where a rule
 * shows that is missing; left to chance, it comes together in few runs.
 */
export class HeldBack {
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #held = new Map<string, Set<Held>>();
  #onAwaited: () => void = () => {};
  #onReplacementAwaited: () => void = () => {};

  constructor(scheduler: Scheduler, random: SeededRandom) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** `listener` hears of everything that begins to wait for the deletion of what its sender has left. */
  onAwaited(listener: () => void): void {
    this.#onAwaited = listener;
  }

  /** `listener` hears of everything that begins to wait for another to take the place of the same. */
  onReplacementAwaited(listener: () => void): void {
    this.#onReplacementAwaited = listener;
  }

  hold({ names, sender, ...deletable }: HeldWrite, arrive: () => void): void {
    const random = this.#random;
    const untilMs = HELD_MS_MAX * random.fraction();
    if (this.#untilReplaced(deletable, arrive, HELD_MS_MAX)) return;
    if (random.chance(deletable.refers ? AWAITS_DELETION_OF_ITS_OWN : AWAITS_DELETION)) {
      this.untilDeletion(deletable, arrive, untilMs);
      return;
    }
    if (random.chance(AWAITS_ITS_SENDER)) {
      const held = { fromMs: storeUpdateMsMax, calledUp: 1, place: "before", calledUpBy: sender, go: arrive } as const;
      this.#wait(names, held, HELD_MS_MAX);
      return;
    }
    const place = random.pick(["before", "after"] as const);
    const held = { fromMs: random.pick(FROM_MS), calledUp: random.pick(CALLED_UP), place, go: arrive };
    this.#wait(names, held, untilMs);
  }

  /** Calls `go` soon after something was deleted, not always the next, or after `untilMs`. */
  untilDeletion(deletable: Deletable, go: () => void, untilMs: number): void {
    if (this.#untilReplaced(deletable, go, untilMs)) return;
    const { place, lastLeft, refers } = deletable;
    const own = lastLeft !== undefined && (refers || this.#random.chance(AWAITS_DELETION_OF_ITS_OWN));
    const name = own ? lastLeft : this.#random.pick([BYTES_DELETED, deletedIn(place)]);
    const calledUp = own ? 1 : this.#random.pick(CALLED_UP_BY_DELETION);
    this.#wait([name], { fromMs: 0, calledUp, place: "after", go }, untilMs);
    if (own) this.#onAwaited();
  }

  /** A write is about to take effect. Those that waited for it do so soon, or now: true when some did so before it. */
  arriving(names: readonly string[], sender: string): boolean {
    let before = false;
    for (const name of names) {
      for (const held of [...(this.#held.get(name) ?? [])]) {
        if (held.calledUpBy !== undefined && held.calledUpBy !== sender) continue;
        if (this.#scheduler.nowMs < held.fromMs || !this.#random.chance(held.calledUp)) continue;
        this.#held.get(name)?.delete(held);
        if (held.place === "before") {
          before = true;
          held.go();
        } else this.#scheduler.after(this.#random.pick(AFTER_MS) * this.#random.fraction(), held.go);
      }
    }
    return before;
  }

  /** Two that take the place of one thing, each as it was: which of them is late, and by how many others, is drawn. */
  #untilReplaced({ replaces }: Deletable, go: () => void, untilMs: number): boolean {
    if (replaces.length === 0 || !this.#random.chance(AWAITS_ITS_PLACE)) return false;
    const calledUp = this.#random.pick(CALLED_UP);
    this.#wait(replaces, { fromMs: 0, calledUp, place: "after", go }, untilMs);
    this.#onReplacementAwaited();
    return true;
  }

  #wait(names: readonly string[], held: Held, untilMs: number): void {
    let gone = false;
    const waiting: Held = {
      ...held,
      fromMs: this.#scheduler.nowMs + held.fromMs,
      go: () => {
        if (gone) return;
        gone = true;
        for (const name of names) this.#held.get(name)?.delete(waiting);
        held.go();
      },
    };
    for (const name of names) {
      const others = this.#held.get(name) ?? new Set();
      this.#held.set(name, others.add(waiting));
    }
    this.#scheduler.after(untilMs, waiting.go);
  }
}

/** That an item was deleted among those of one partition key. */
export function deletedIn(pk: string): string {
  return isStagedItem(pk) ? BYTES_DELETED : `deleted in ${pk}`;
}

export function isStagedItem(pk: string): boolean {
  return pk.startsWith(STAGED_ITEMS);
}
