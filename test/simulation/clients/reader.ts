import type { Fetched } from "../../../lib/api/record-types.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import type { LogError } from "../../../lib/base/errors.ts";
import type { History, KnownPartition } from "../history.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { ReaderStory } from "../story.ts";
import type { World } from "../world.ts";
import { type Before, knownBefore } from "./acknowledge.ts";
import type { LanePlace } from "./batch-maker.ts";
import { expectLogError } from "./errors.ts";
import { judgeLogStart } from "./judge-log-start.ts";
import { batchesOf } from "./stored-batch.ts";

/** Follows one partition after another from its beginning, through any broker, and judges each answer. */
export class Reader {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #story: ReaderStory;
  readonly #random: SeededRandom;

  constructor(world: World, story: ReaderStory) {
    this.#world = world;
    this.#story = story;
    this.#client = world.client(story.name);
    this.#random = world.fork(story.name);
  }

  async follow(place: LanePlace, stopping: () => boolean): Promise<void> {
    let life: KnownPartition | undefined;
    let position = 0;
    while (!stopping()) {
      await this.#world.tide.pause(this.#random.around(this.#story.pauseMs));
      const before = knownBefore(this.#world.history, place.topic, place.partition);
      if (before.known !== life) {
        life = before.known;
        position = 0;
      }
      if (this.#random.chance(0.1)) await this.#askForEnd(place, before);
      else if (this.#random.chance(0.05)) position = 0;
      else position = await this.#fetch(place, position, before);
    }
  }

  /** Answers with the position after what came. */
  async #fetch(place: LanePlace, offset: number, before: Before): Promise<number> {
    const { network, cluster, history } = this.#world;
    const { maxBytes, maxWaitMs } = this.#story;
    try {
      const reply = await network.call({
        client: this.#client,
        endpoint: cluster.anyEndpoint(),
        timeoutMs: 12_000 + maxWaitMs,
        invoke: (service, context) =>
          service.fetch(context, {
            maxWaitMs,
            minBytes: 1,
            maxBytes,
            isolation: "read_uncommitted",
            partitions: [{ ...place, offset, maxBytes }],
          }),
      });
      const answer = reply.partitions[0];
      if (answer === undefined) throw new Error("a fetch reply without the partition that was asked for");
      if (!answer.ok) throw answer.error;
      return judgeFetched(history, { reader: this.#story.name, place, offset, before }, answer);
    } catch (error) {
      const known = expectLogError(history, `fetch of ${place.topic}-${place.partition}`, error);
      return this.#judgeError(place, offset, before, known);
    }
  }

  /** Answers with the position to go on from. */
  #judgeError(place: LanePlace, offset: number, before: Before, error: LogError | undefined): number {
    const { history, trace } = this.#world;
    const where = `${place.topic}-${place.partition}`;
    trace.note(this.#story.name, `fetch of ${where} from ${offset}: ${error?.code} ${error?.message}`);
    if (before.known === undefined || history.known(place.topic, place.partition) !== before.known) return offset;
    if (error?.code === "OffsetOutOfRange") {
      const logStart = Number(error.details.logStartOffset);
      judgeLogStart(history, place, before, logStart, `${this.#story.name} was told`);
      if (offset < logStart) return logStart;
      history.report(
        "Monotone",
        `${where}: offset ${offset} is out of range, though ${before.end} was known as its end`,
      );
    }
    if (error?.code === "UnknownTopicOrPartition") {
      history.report("Monotone", `${where} is unknown, though its creation had been answered`);
    }
    return offset;
  }

  async #askForEnd(place: LanePlace, before: Before): Promise<void> {
    const { network, cluster, history } = this.#world;
    try {
      const reply = await network.call({
        client: this.#client,
        endpoint: cluster.anyEndpoint(),
        timeoutMs: 12_000,
        invoke: (service, context) =>
          service.listOffsets(context, { isolation: "read_uncommitted", partitions: [{ ...place, timestamp: -1 }] }),
      });
      const answer = reply.partitions[0];
      if (answer?.ok !== true) return;
      judgeEnd(history, place, before, answer.offset, `${this.#story.name} listed`);
    } catch (error) {
      expectLogError(history, `listOffsets of ${place.topic}-${place.partition}`, error);
    }
  }
}

export interface FetchAsked {
  readonly reader: string;
  readonly place: LanePlace;
  readonly offset: number;
  readonly before: Before;
}

/** Judges a fetch's answer against all that was known before it was asked for; the position after it. */
export function judgeFetched(history: History, asked: FetchAsked, fetched: Fetched): number {
  const { place, offset, before } = asked;
  const where = `${place.topic}-${place.partition}`;
  const known = history.known(place.topic, place.partition);
  const sameLife = known !== undefined && known === before.known;
  let position = offset;
  for (const stored of batchesOf(concatBytes(fetched.records))) {
    const batch = history.find(stored.bytes);
    if (batch === undefined) {
      history.report("NoPhantom", `${where} offset ${stored.baseOffset} holds bytes that nobody has sent`);
      return sameLife ? position : offset;
    }
    if (batch.topic !== place.topic || batch.partition !== place.partition) {
      history.report("Incarnation", `${batch.name} was sent to ${batch.topic}-${batch.partition} and is in ${where}`);
    }
    if (!sameLife) continue;
    const fits = position === offset ? stored.baseOffset <= position : stored.baseOffset === position;
    if (!fits || stored.baseOffset + batch.records <= position) {
      history.report(
        "Tiling",
        `${where}: asked from ${offset}, got ${batch.name} at ${stored.baseOffset} where ${position} was next`,
      );
    }
    history.placed(known, stored.baseOffset, batch, "read");
    position = stored.baseOffset + batch.records;
  }
  if (!sameLife) return offset;
  judgeEnd(history, place, before, fetched.highWatermark, `${asked.reader} fetched`);
  judgeLogStart(history, place, before, fetched.logStart, `${asked.reader} fetched`);
  if (position > fetched.highWatermark) {
    history.report("Monotone", `${where}: read up to ${position}, above the high watermark ${fetched.highWatermark}`);
  }
  if (position === offset && offset < fetched.highWatermark) {
    history.report("AckDurable", `${where}: nothing at ${offset}, below the high watermark ${fetched.highWatermark}`);
  }
  return position;
}

function judgeEnd(history: History, place: LanePlace, before: Before, end: number, how: string): void {
  const known = history.known(place.topic, place.partition);
  if (known === undefined || known !== before.known) return;
  if (end < before.end) {
    const where = `${place.topic}-${place.partition}`;
    history.report("Monotone", `${where}: ${how} ${end} as the end, but ${before.end} was known before`);
  }
  known.end = Math.max(known.end, end);
}
