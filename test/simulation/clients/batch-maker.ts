import type { SeededRandom } from "../seeded-random.ts";
import { encodeSentBatch, type SentBatch, type Session } from "../sent-batch.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { ProducerStory } from "../story.ts";
import type { World } from "../world.ts";

export interface LanePlace {
  readonly topic: string;
  readonly partition: number;
}

/** Makes batches of which no two in a run have the same bytes. */
export class BatchMaker {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #story: ProducerStory;
  readonly #random: SeededRandom;
  #made = 0;

  constructor(world: World, client: SimulatedProcess, story: ProducerStory, random: SeededRandom) {
    this.#world = world;
    this.#client = client;
    this.#story = story;
    this.#random = random;
  }

  make(place: LanePlace, session: Session | undefined, baseSequence: number): SentBatch {
    const name = `${this.#story.name}/${this.#made++}`;
    const records = this.#random.between(1, this.#story.recordsMax);
    const batch: SentBatch = {
      ...place,
      name,
      client: this.#story.name,
      session,
      order: this.#made,
      records,
      bytes: encodeSentBatch({
        name,
        records,
        valueBytes: Math.max(
          24,
          Math.round(this.#random.pick(this.#story.valueBytes) * (0.5 + this.#random.fraction())),
        ),
        timestampMs: this.#client.runtime.clock.nowMs(),
        session,
        baseSequence,
      }),
      invokedAtMs: this.#world.scheduler.nowMs,
      attempts: 0,
      outcome: "pending",
      completedAtMs: undefined,
      baseOffset: undefined,
    };
    this.#world.history.sent(batch);
    return batch;
  }
}
