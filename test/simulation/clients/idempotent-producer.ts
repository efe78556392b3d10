import type { KnownPartition } from "../history.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SentBatch, Session } from "../sent-batch.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { ProducerStory } from "../story.ts";
import type { World } from "../world.ts";
import { acknowledge, type Before, knownBefore } from "./acknowledge.ts";
import { BatchMaker, type LanePlace } from "./batch-maker.ts";
import { expectLogError } from "./errors.ts";
import { send } from "./send.ts";

/** Kafka's window: a batch is sent only while the oldest undecided one is among the last five. */
const WINDOW = 5;
const DELIVERY_MS = 90_000;
const REFUSALS_BELIEVED = 3;

interface Undecided {
  /** Its place among the batches of the lane. */
  readonly index: number;
  readonly batch: SentBatch;
  readonly before: Before;
}

/** One session in one partition: its batches in order of their sequences, until each is decided. */
interface Lane {
  readonly place: LanePlace;
  readonly session: Session;
  /** The log in which its first batch went. */
  readonly life: KnownPartition | undefined;
  readonly undecided: Undecided[];
  made: number;
  nextSequence: number;
  /** Given up: nothing of it is sent any more, and what is undecided stays so. */
  abandoned: boolean;
}

/** A small, correct idempotent client: pipelined, to any broker, the same bytes until each batch is decided. */
export class IdempotentProducer {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #story: ProducerStory;
  readonly #random: SeededRandom;
  readonly #maker: BatchMaker;
  #sessions = 0;

  constructor(world: World, story: ProducerStory) {
    this.#world = world;
    this.#story = story;
    this.#client = world.client(story.name);
    this.#random = world.fork(story.name);
    this.#maker = new BatchMaker(world, this.#client, story, this.#random);
  }

  async run(place: LanePlace, stopping: () => boolean): Promise<void> {
    while (!stopping()) {
      const session = await this.#newSession(stopping);
      if (session === undefined) return;
      const life = this.#world.history.known(place.topic, place.partition);
      const lane: Lane = { place, session, life, undecided: [], made: 0, nextSequence: 0, abandoned: false };
      const sends: Promise<void>[] = [];
      while (!stopping() && !lane.abandoned) {
        await this.#world.tide.pause(this.#random.around(this.#story.pauseMs));
        if (!lane.abandoned && hasRoom(lane)) sends.push(this.#deliver(lane, this.#make(lane)));
      }
      await Promise.all(sends);
    }
  }

  async #newSession(stopping: () => boolean): Promise<Session | undefined> {
    const { network, cluster, history, scheduler } = this.#world;
    while (!stopping()) {
      try {
        const identity = await network.call({
          client: this.#client,
          endpoint: cluster.anyEndpoint(),
          timeoutMs: 10_000,
          invoke: (service, context) => service.initProducerId(context, {}),
        });
        return { name: `${this.#story.name}#${this.#sessions++}`, ...identity };
      } catch (error) {
        expectLogError(history, "initProducerId", error);
        await scheduler.sleep(100 + this.#random.around(300));
      }
    }
    return undefined;
  }

  #make(lane: Lane): Undecided {
    const before = knownBefore(this.#world.history, lane.place.topic, lane.place.partition);
    const batch = this.#maker.make(lane.place, lane.session, lane.nextSequence);
    const undecided = { index: lane.made, batch, before };
    lane.nextSequence += batch.records;
    lane.made += 1;
    lane.undecided.push(undecided);
    return undecided;
  }

  async #deliver(lane: Lane, undecided: Undecided): Promise<void> {
    const { scheduler, history } = this.#world;
    const { batch, before } = undecided;
    let doubtful = false;
    let refusals = 0;
    while (!lane.abandoned) {
      const oldest = lane.undecided[0] === undecided;
      const result = await send(this.#world, this.#client, batch);
      if (result.kind === "acknowledged") {
        lane.undecided.splice(lane.undecided.indexOf(undecided), 1);
        acknowledge(history, batch, result.baseOffset, before);
        return;
      }
      doubtful ||= result.kind === "unknown";
      if (result.kind === "refused" && oldest && isSequenceRefusal(result.code)) {
        refusals += 1;
        this.#judgeRefusal(lane, batch, result.code, refusals);
      }
      const late = scheduler.nowMs - batch.invokedAtMs > DELIVERY_MS;
      if (refusals >= REFUSALS_BELIEVED || late) lane.abandoned = true;
      else await scheduler.sleep(20 + this.#random.around(200));
    }
    history.decide(batch, doubtful ? "unknown" : "refused");
  }

  /** All before it are acknowledged, so the log owes it the sequence, as long as it is the same log. */
  #judgeRefusal(lane: Lane, batch: SentBatch, code: string, refusals: number): void {
    const { history } = this.#world;
    const sameLife = lane.life !== undefined && history.known(batch.topic, batch.partition) === lane.life;
    if (!sameLife || refusals < REFUSALS_BELIEVED) return;
    history.report("SendOrder", `${batch.name} is refused by ${code} though all before it are acknowledged`);
  }
}

function hasRoom(lane: Lane): boolean {
  const oldest = lane.undecided[0];
  return oldest === undefined || lane.made - oldest.index < WINDOW;
}

function isSequenceRefusal(code: string): boolean {
  return ["OutOfOrderSequence", "UnknownProducerId", "DuplicateSequence", "InvalidProducerEpoch"].includes(code);
}
