import type { Call } from "../../base/call.ts";
import { LogError } from "../../base/errors.ts";
import { SingleFlight } from "../../base/single-flight.ts";
import { TOPIC_NAMES_PK, topicKey, topicNameKey } from "../../storage/item-keys.ts";
import { decodeTopic, decodeTopicName, type Topic } from "../../storage/items/topic.ts";
import type { LogContext } from "../log-context.ts";

const PAGE_NAMES = 1000;
const GET_MANY = 100;

/** How long a topic is believed without another look, ms. Deletion and growth are noticed at once, by the head. */
const BELIEVED_MS = 5000;
const REMEMBERED_MAX = 20_000;

interface Remembered {
  readonly topic: Topic;
  readonly untilMs: number;
}

/** Topics by name, as the store has them, with a short memory. */
export class TopicCatalog {
  readonly #context: LogContext;
  readonly #remembered = new Map<string, Remembered>();
  readonly #looks = new SingleFlight<string, Topic | undefined>();

  constructor(context: LogContext) {
    this.#context = context;
  }

  /** The open topic of that name, perhaps a few seconds old; undefined when there is none. */
  async find(name: string, call: Call): Promise<Topic | undefined> {
    const known = this.#remembered.get(name);
    if (known !== undefined && known.untilMs > this.#context.runtime.clock.monotonicMs()) return known.topic;
    // Joined, so that requests which come while a look is under way go on in the order in which they came.
    return this.#looks.run(name, () => this.findNow(name, call));
  }

  /** The open topic of that name by consistent reads. */
  async findNow(name: string, call: Call): Promise<Topic | undefined> {
    this.forget(name);
    const pointer = await this.#context.items.get(topicNameKey(name), call);
    if (pointer === undefined) return undefined;
    const item = await this.#context.items.get(topicKey(decodeTopicName(pointer)), call);
    if (item === undefined) return undefined;
    const topic = decodeTopic(item);
    if (topic.state !== "open") return undefined;
    this.remember(topic);
    return topic;
  }

  remember(topic: Topic): void {
    const untilMs = this.#context.runtime.clock.monotonicMs() + BELIEVED_MS;
    this.#remembered.delete(topic.name);
    this.#remembered.set(topic.name, { topic, untilMs });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= REMEMBERED_MAX) break;
      this.#remembered.delete(oldest);
    }
  }

  forget(name: string): void {
    this.#remembered.delete(name);
  }

  /** All open topics, by name. */
  async list(call: Call): Promise<readonly Topic[]> {
    const { items } = this.#context;
    const topics: Topic[] = [];
    for (let from = "", more = true; more; ) {
      const page = await items.query({ pk: TOPIC_NAMES_PK, from, limit: PAGE_NAMES }, call);
      for (let at = 0; at < page.items.length; at += GET_MANY) {
        const ids = page.items.slice(at, at + GET_MANY).map(({ item }) => decodeTopicName(item));
        const found = await items.getMany(ids.map(topicKey), call);
        for (const item of found) if (item !== undefined) topics.push(decodeTopic(item));
      }
      more = page.more;
      from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
    }
    return topics.filter((topic) => topic.state === "open");
  }
}

export function unknownTopic(name: string): LogError {
  return new LogError(
    "UnknownTopicOrPartition",
    `topic ${name} does not exist; create it: tidelog topics create ${name}`,
    {
      details: { topic: name },
    },
  );
}
