import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { TopicStory } from "../story.ts";
import type { World } from "../world.ts";
import { expectLogError } from "./errors.ts";

/** Creates the topics, and deletes and recreates those whose story says so. */
export class TopicAdmin {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #random: SeededRandom;

  constructor(world: World) {
    this.#world = world;
    this.#client = world.client("admin");
    this.#random = world.fork("admin");
  }

  /** Tries until it is there. A creation whose answer was lost could still come true after a deletion. */
  async create(topic: TopicStory): Promise<void> {
    const { network, cluster, history, scheduler, trace } = this.#world;
    history.topicCreating(topic.name);
    for (;;) {
      try {
        const results = await network.call({
          client: this.#client,
          endpoint: cluster.anyEndpoint(),
          timeoutMs: 15_000,
          invoke: (service, context) =>
            service.createTopics(context, {
              topics: [{ name: topic.name, partitions: topic.partitions, configs: topic.configs }],
            }),
        });
        const result = results[0];
        if (result === undefined) throw new Error("an answer without the topic that was asked for");
        if (!result.ok) throw result.error;
        trace.note("admin", `${topic.name} is created as ${result.topicId}`);
        break;
      } catch (error) {
        const known = expectLogError(history, `creation of ${topic.name}`, error);
        trace.note("admin", `creation of ${topic.name}: ${known?.code} ${known?.message}`);
        if (known?.code === "TopicAlreadyExists") break;
        if (known?.effect !== "none" && topic.deletedEveryMs !== undefined) history.topicMurky(topic.name);
        await scheduler.sleep(200 + this.#random.around(500));
      }
    }
    history.topicOpened(topic.name);
  }

  async churn(topic: TopicStory, stopping: () => boolean): Promise<void> {
    if (topic.deletedEveryMs === undefined) return;
    const { scheduler } = this.#world;
    while (!stopping()) {
      await scheduler.sleep(this.#random.around(topic.deletedEveryMs));
      if (stopping()) return;
      await this.#delete(topic);
      await scheduler.sleep(this.#random.around(300));
      await this.create(topic);
    }
  }

  async #delete(topic: TopicStory): Promise<void> {
    const { network, cluster, history, scheduler, trace } = this.#world;
    history.topicEnding(topic.name);
    for (;;) {
      try {
        const results = await network.call({
          client: this.#client,
          endpoint: cluster.anyEndpoint(),
          timeoutMs: 15_000,
          invoke: (service, context) => service.deleteTopics(context, { names: [topic.name] }),
        });
        const result = results[0];
        if (result?.ok === false) throw result.error;
        trace.note("admin", `${topic.name} is deleted`);
        return;
      } catch (error) {
        const known = expectLogError(history, `deletion of ${topic.name}`, error);
        trace.note("admin", `deletion of ${topic.name}: ${known?.code} ${known?.message}`);
        if (known?.code === "UnknownTopicOrPartition") return;
        if (known?.effect !== "none") history.topicMurky(topic.name);
        await scheduler.sleep(200 + this.#random.around(500));
      }
    }
  }
}
