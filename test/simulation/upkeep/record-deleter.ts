import { type Before, knownBefore } from "../clients/acknowledge.ts";
import type { LanePlace } from "../clients/batch-maker.ts";
import { expectLogError } from "../clients/errors.ts";
import { judgeLogStart } from "../clients/judge-log-start.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import type { ShrinkingTopic } from "./upkeep-story.ts";

/** Deletes the oldest records of a partition now and then. */
export class RecordDeleter {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #random: SeededRandom;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#client = world.client(name);
    this.#random = world.fork(name);
  }

  async run(topic: ShrinkingTopic, partition: number, stopping: () => boolean): Promise<void> {
    const place = { topic: topic.name, partition };
    while (topic.recordsDeletedEveryMs !== undefined && !stopping()) {
      await this.#untilStroke(topic.recordsDeletedEveryMs);
      const before = knownBefore(this.#world.history, place.topic, partition);
      if (!stopping() && before.known !== undefined && before.end > 0) await this.#delete(place, before);
    }
  }

  /** One stroke in two is missed. */
  #untilStroke(everyMs: number): Promise<void> {
    const { scheduler, tide } = this.#world;
    const strokes = Math.floor(scheduler.nowMs / everyMs) + this.#random.between(1, 2);
    return tide.pause(strokes * everyMs - scheduler.nowMs);
  }

  async #delete(place: LanePlace, before: Before): Promise<void> {
    const { network, cluster, history } = this.#world;
    const least = this.#random.chance(0.8) ? before.logStart : 0;
    const beforeOffset = this.#random.chance(0.1) ? before.end : this.#random.between(least, before.end);
    // From now on, whether it is answered or not, and in any later life of the topic that it reaches late.
    history.mayStartAt(place, beforeOffset);
    try {
      const reply = await network.call({
        client: this.#client,
        endpoint: cluster.anyEndpoint(),
        timeoutMs: 12_000,
        invoke: (service, context) => service.deleteRecords(context, { partitions: [{ ...place, beforeOffset }] }),
      });
      const answer = reply.partitions[0];
      if (answer?.ok === false) throw answer.error;
      const logStart = answer?.logStart ?? 0;
      if (history.known(place.topic, place.partition) !== before.known) return;
      if (logStart < beforeOffset) history.report("Monotone", `deletion below ${beforeOffset} left ${logStart}`);
      judgeLogStart(history, place, before, logStart, "a deletion was told");
    } catch (error) {
      expectLogError(history, `deletion of records of ${place.topic}-${place.partition}`, error);
    }
  }
}
