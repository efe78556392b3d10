import type { Consumer } from "../../../lib/client/consumer/consumer.ts";
import type { ConsumerRecord } from "../../../lib/client/consumer/consumer-record.ts";
import { Tidelog } from "../../../lib/client/tidelog.ts";
import { expectLogError } from "../clients/errors.ts";
import type { KnownPartition } from "../history.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import { recordName } from "./record-ledger.ts";
import { remoteLog } from "./remote-log.ts";
import type { SdkConsumerStory } from "./sdk-story.ts";

const REQUEST_TIMEOUT_MS = 12_000;
const POLL_MS = 400;
const REWIND_CHANCE = 0.03;
const ENDS_CHANCE = 0.05;

/** Where a consumer goes on in one partition of one life. */
interface Position {
  readonly known: KnownPartition;
  next: number;
}

/** The product's consumer at work: every poll must go on exactly where the one before has ended. */
export class SdkConsumer {
  readonly #world: World;
  readonly #story: SdkConsumerStory;
  readonly #client: SimulatedProcess;
  readonly #random: SeededRandom;
  readonly #positions = new Map<string, Position>();

  constructor(world: World, story: SdkConsumerStory) {
    this.#world = world;
    this.#story = story;
    this.#client = world.client(story.name);
    this.#random = world.fork(story.name);
  }

  /** Reads until `stopping` answers true, and then up to the end. */
  async run(stopping: () => boolean): Promise<void> {
    const service = this.#world.clientService(remoteLog(this.#world, this.#client));
    const log = new Tidelog({ service, clientId: this.#story.name, runtime: this.#client.runtime });
    const consumer = log.consumer({
      from: "beginning",
      assign: this.#story.topics.map((topic) => ({ topic })),
      fetchBytes: this.#story.fetchBytes,
      partitionBytes: this.#story.fetchBytes,
      bufferBytes: this.#story.fetchBytes * 4,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    while (!stopping() || !this.#atTheEnd()) {
      await this.#world.tide.pause(this.#random.around(stopping() ? 20 : this.#story.pauseMs));
      this.#followLives(consumer);
      if (!stopping() && this.#random.chance(REWIND_CHANCE)) this.#rewind(consumer);
      if (this.#random.chance(ENDS_CHANCE)) await this.#askForEnds(consumer);
      await this.#poll(consumer);
    }
    await log.close();
  }

  /** A topic that was made anew is read from its beginning. */
  #followLives(consumer: Consumer): void {
    for (const place of consumer.assignment()) {
      const known = this.#world.history.known(place.topic, place.partition);
      const name = nameOf(place);
      if (known === this.#positions.get(name)?.known) continue;
      this.#positions.delete(name);
      if (known === undefined) continue;
      consumer.seekToBeginning(place);
      this.#positions.set(name, { known, next: known.logStart });
    }
  }

  #rewind(consumer: Consumer): void {
    for (const { known } of this.#positions.values()) {
      const next = this.#random.between(known.logStart, known.end);
      consumer.seek({ topic: known.topic, partition: known.partition }, next);
      this.#positions.set(nameOf(known), { known, next });
    }
  }

  async #poll(consumer: Consumer): Promise<void> {
    const { history, trace } = this.#world;
    try {
      const records = await consumer.poll({ maxRecords: this.#story.maxRecords, timeoutMs: POLL_MS });
      for (const record of records) this.#judge(record);
    } catch (error) {
      const known = expectLogError(history, `poll by ${this.#story.name}`, error);
      trace.note(this.#story.name, `poll: ${known?.code} ${known?.message}`);
      if (known?.code === "OffsetOutOfRange") this.#outOfRange(consumer, known.details);
    }
  }

  #judge(record: ConsumerRecord): void {
    const { history, records } = this.#world;
    const where = `${record.topic}-${record.partition}`;
    const name = recordName(record.value);
    if (name.startsWith("sdk-") && records.find(name)?.topic !== record.topic) {
      history.report("NoPhantom", `${where} offset ${record.offset}: ${name} was not published there`);
    }
    const position = this.#positions.get(nameOf(record));
    if (position === undefined || history.known(record.topic, record.partition) !== position.known) return;
    if (record.offset !== position.next) {
      const what = record.offset < position.next ? "went back to" : "skipped to";
      history.report("Tiling", `${this.#story.name} ${what} ${where} offset ${record.offset}, due ${position.next}`);
    }
    position.next = record.offset + 1;
    records.saw(position.known, record.offset, name, `polled by ${this.#story.name}`);
  }

  #outOfRange(consumer: Consumer, details: Readonly<Record<string, unknown>> | undefined): void {
    const { history } = this.#world;
    for (const position of [...this.#positions.values()]) {
      const { known, next } = position;
      if (details?.topic !== known.topic || details.partition !== known.partition) continue;
      if (history.known(known.topic, known.partition) === known && next >= known.logStart) {
        history.report("Monotone", `${this.#story.name}: ${nameOf(known)} offset ${next} is told to be out of range`);
      }
      this.#positions.delete(nameOf(known));
      consumer.seekToBeginning({ topic: known.topic, partition: known.partition });
    }
  }

  async #askForEnds(consumer: Consumer): Promise<void> {
    const { history } = this.#world;
    const before = [...this.#positions.values()].map(({ known }) => ({ known, end: known.end }));
    try {
      const ends = await consumer.endOffsets();
      for (const { topic, partition, offset } of ends) {
        const known = history.known(topic, partition);
        const told = before.find((each) => each.known === known);
        if (told === undefined) continue;
        if (offset < told.end) {
          history.report("Monotone", `${topic}-${partition}: ${offset} told as the end, ${told.end} was known before`);
        }
        told.known.end = Math.max(told.known.end, offset);
      }
    } catch (error) {
      expectLogError(history, `endOffsets by ${this.#story.name}`, error);
    }
  }

  #atTheEnd(): boolean {
    const { story, history } = this.#world;
    return story.topics
      .filter(({ name }) => this.#story.topics.includes(name))
      .every(({ name, partitions }) =>
        Array.from({ length: partitions }, (_, partition) => history.known(name, partition)).every(
          (known) => known === undefined || (this.#nextOf(known) ?? -1) >= known.end,
        ),
      );
  }

  #nextOf(known: KnownPartition): number | undefined {
    const position = this.#positions.get(nameOf(known));
    return position?.known === known ? position.next : undefined;
  }
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}-${partition}`;
}
