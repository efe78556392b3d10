import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { ProducerStory } from "../story.ts";
import type { World } from "../world.ts";
import { acknowledge, knownBefore } from "./acknowledge.ts";
import { BatchMaker, type LanePlace } from "./batch-maker.ts";
import { send } from "./send.ts";

/** Batches under way in one partition: those of one broker may wait for long, and others go on meanwhile. */
const UNDER_WAY_MAX = 30;

/**
 * A producer without producer id. It never sends anything twice, since nobody could tell the copies apart: what is
 * refused is gone, and what is unknown stays unknown.
 */
export class PlainProducer {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #story: ProducerStory;
  readonly #random: SeededRandom;
  readonly #maker: BatchMaker;

  constructor(world: World, story: ProducerStory) {
    this.#world = world;
    this.#story = story;
    this.#client = world.client(story.name);
    this.#random = world.fork(story.name);
    this.#maker = new BatchMaker(world, this.#client, story, this.#random);
  }

  /** Goes on until `stopping` answers true; resolves when nothing is under way. */
  async run(place: LanePlace, stopping: () => boolean): Promise<void> {
    const { tide } = this.#world;
    const underWay = new Set<Promise<void>>();
    while (!stopping()) {
      await tide.pause(this.#random.around(this.#story.pauseMs));
      if (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
      const sent = this.#sendOne(place).finally(() => underWay.delete(sent));
      underWay.add(sent);
    }
    await Promise.all(underWay);
  }

  async #sendOne(place: LanePlace): Promise<void> {
    const { history } = this.#world;
    const before = knownBefore(history, place.topic, place.partition);
    const batch = this.#maker.make(place, undefined, -1);
    const result = await send(this.#world, this.#client, batch);
    if (result.kind === "acknowledged") acknowledge(history, batch, result.baseOffset, before);
    else history.decide(batch, result.kind);
  }
}
