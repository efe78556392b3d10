import type { SeededRandom } from "../seeded-random.ts";

/** Whether the items are lost in the end, and the log comes back from its objects alone. */
export interface RestoreStory {
  readonly happens: boolean;
  /** Brokers of the lost items that nobody has stopped work on. */
  readonly oldBrokersRun: boolean;
  readonly appendStaged: boolean;
  /** The first attempt dies after so many ms; undefined: it does not. */
  readonly diesAfterMs: number | undefined;
}

const HAPPENS = 0.5;

export function drawRestoreStory(random: SeededRandom): RestoreStory {
  return {
    happens: random.chance(HAPPENS),
    oldBrokersRun: random.chance(0.75),
    appendStaged: random.chance(0.5),
    diesAfterMs: random.chance(0.4) ? random.pick([100, 500, 2000]) : undefined,
  };
}
