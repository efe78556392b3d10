import type { Call } from "../base/call.ts";
import { SingleFlight } from "../base/single-flight.ts";
import type { TopicSource } from "../groups/group-context.ts";
import type { LogEngine } from "../log/log-engine.ts";
import { TOPIC_NAMES_PK } from "../storage/item-keys.ts";
import type { GroupTopic } from "../storage/items/group-state.ts";

/** How long the list of names is believed: only subscriptions by pattern need it, and it grows with all topics. */
const NAMES_BELIEVED_MS = 30_000;

/** Topics as the catalog knows them, for groups. */
export class GroupTopics implements TopicSource {
  readonly #engine: LogEngine;
  readonly #listing = new SingleFlight<"names", readonly string[]>();
  #names: { readonly names: readonly string[]; readonly untilMs: number } | undefined;

  constructor(engine: LogEngine) {
    this.#engine = engine;
  }

  async find(names: Iterable<string>, call: Call): Promise<ReadonlyMap<string, GroupTopic>> {
    const found = new Map<string, GroupTopic>();
    await Promise.all(
      [...names].map(async (name) => {
        const topic = await this.#engine.catalog.find(name, call);
        if (topic !== undefined) found.set(name, { name, topicId: topic.topicId, partitions: topic.partitions });
      }),
    );
    return found;
  }

  async names(call: Call): Promise<readonly string[]> {
    const { clock } = this.#engine.context.runtime;
    if (this.#names !== undefined && this.#names.untilMs > clock.monotonicMs()) return this.#names.names;
    return this.#listing.run("names", async () => {
      const names = await this.#list(call);
      this.#names = { names, untilMs: clock.monotonicMs() + NAMES_BELIEVED_MS };
      return names;
    });
  }

  async #list(call: Call): Promise<readonly string[]> {
    const names: string[] = [];
    for (let from = "", more = true; more; ) {
      const page = await this.#engine.context.items.query({ pk: TOPIC_NAMES_PK, from }, call);
      names.push(...page.items.map(({ key }) => key.sk));
      more = page.more;
      from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
    }
    return names;
  }
}
