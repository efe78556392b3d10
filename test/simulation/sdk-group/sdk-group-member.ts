import type { TopicPartition } from "../../../lib/api/record-types.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import type { ConsumerRecord } from "../../../lib/client/consumer/consumer-record.ts";
import type { GroupConsumer } from "../../../lib/client/group-consumer/group-consumer.ts";
import type { HandlerContext } from "../../../lib/client/group-consumer/record-lanes.ts";
import { Tidelog } from "../../../lib/client/tidelog.ts";
import { expectLogError } from "../clients/errors.ts";
import type { Living } from "../groups/member-slot.ts";
import { SDK_GROUP_ID } from "../groups/stored-groups.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import type { SdkMemberStory } from "./sdk-group-story.ts";
import { ToldPartitions } from "./told-partitions.ts";
import { WatchedLog } from "./watched-log.ts";

const REQUEST_TIMEOUT_MS = 6000;
const AGAIN_AFTER_MS = 300;
/** The same, when all that is left is to be consumed: one record at a time may be all that a poll gives. */
const AGAIN_AT_ONCE_MS = 20;
const COMMIT_EVERY_MS = 1000;
/** `close` keeps its time but for a moment. */
const CLOSE_GRACE_MS = 50;

/** A handler that fails now and then: what it throws comes out of `run`. */
class HandlerFailed extends Error {}

export interface SdkLife {
  readonly story: SdkMemberStory;
  readonly life: number;
  /** Whether all that is left is to be consumed without delay. */
  readonly isEnding: () => boolean;
}

/** One life of an application of the product's group consumer, in a process of its own. */
export class SdkGroupMember implements Living {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly told: ToldPartitions;
  readonly #world: World;
  readonly #story: SdkMemberStory;
  readonly #isEnding: () => boolean;
  readonly #random: SeededRandom;
  readonly #log: Tidelog;
  readonly #consumer: GroupConsumer;
  readonly #closeAsked = Promise.withResolvers<void>();
  /** Of the last poll, while the application is at work on them. */
  #atWork: ConsumerRecord[] = [];
  #isClosing: boolean = false;
  #left: boolean = false;

  constructor(world: World, { story, life, isEnding }: SdkLife) {
    this.#world = world;
    this.#isEnding = isEnding;
    this.#story = story;
    this.name = `${story.name}.${life}`;
    this.process = world.client(this.name);
    this.#random = world.fork(this.name);
    const watched = new WatchedLog(world, this.process);
    const { runtime } = this.process;
    const service = world.clientService(watched.service);
    this.#log = new Tidelog({ service, clientId: this.name, runtime, requestTimeoutMs: REQUEST_TIMEOUT_MS });
    this.#consumer = this.#log.consumer(this.#options());
    this.told = new ToldPartitions(world, { name: this.name, memberId: () => this.#consumer.memberId, watched });
    this.process.onCrash(() => this.told.abandon());
  }

  get left(): boolean {
    return this.#left;
  }

  /** It closes at once, in the middle of a poll or a run. */
  leave(): void {
    this.#isClosing = true;
    this.#closeAsked.resolve();
  }

  async run(): Promise<void> {
    const { pattern, topics } = this.#world.story.sdkGroup;
    const names = topics.map(({ name }) => name);
    this.#consumer.subscribe(this.#story.byPattern ? { pattern } : names, {
      fromBeginning: true,
      onAssigned: (places) => this.told.assigned(places),
      onRevoked: (places) => this.#revoked(places),
      onLost: (places) => this.told.lost(places),
    });
    const working = Promise.all([this.#work(), this.#commitInTheEnd()]);
    await this.#closeAsked.promise;
    await this.#close();
    await working;
    await this.#log.close();
    this.told.abandon();
    this.#left = true;
  }

  #options() {
    const { instanceId, assignor, autoCommit, autoCommitIntervalMs, maxPollIntervalMs, closeTimeoutMs } = this.#story;
    const timing = { autoCommitIntervalMs, maxPollIntervalMs, closeTimeoutMs, requestTimeoutMs: REQUEST_TIMEOUT_MS };
    return { group: SDK_GROUP_ID, instanceId, assignor, autoCommit, ...timing };
  }

  async #work(): Promise<void> {
    while (!this.#isClosing) {
      try {
        await (this.#story.work.kind === "poll" ? this.#poll(this.#story.work.timeoutMs) : this.#run());
      } catch (error) {
        if (this.#isClosing && isLogError(error, "Closed")) return;
        if (!(error instanceof HandlerFailed)) this.#failed(`${this.#story.work.kind}`, error);
        await this.process.runtime.clock.sleep(AGAIN_AFTER_MS);
      }
    }
  }

  async #poll(timeoutMs: number): Promise<void> {
    const records = await this.#consumer.poll({ maxRecords: this.#story.maxRecords, timeoutMs });
    for (const record of records) this.told.handedOut(record);
    this.#atWork = records;
    await this.#takeTime();
    this.#finish();
    if (this.#commitsNow()) await this.#commit();
    // A poll that waits for nothing would be the next at once.
    if (records.length > 0 || timeoutMs > 0) return;
    await this.process.runtime.clock.sleep(this.#isEnding() ? AGAIN_AT_ONCE_MS : AGAIN_AFTER_MS);
  }

  /** The application is done with what the last poll gave it. */
  #finish(): void {
    for (const record of this.#atWork.splice(0)) this.told.done(record, { isLost: false });
  }

  async #run(): Promise<void> {
    const { work, maxRecords } = this.#story;
    if (work.kind !== "run") return;
    const { concurrency } = work;
    const one = (record: ConsumerRecord, context: HandlerContext) => this.#handle([record], context);
    const many = (records: readonly ConsumerRecord[], context: HandlerContext) => this.#handle(records, context);
    const handler = work.handler === "eachRecord" ? { eachRecord: one } : { eachBatch: many };
    await this.#consumer.run({ ...handler, concurrency, maxRecords });
  }

  async #handle(records: readonly ConsumerRecord[], { signal }: HandlerContext): Promise<void> {
    for (const record of records) this.told.handedOut(record);
    await this.#takeTime();
    const [first] = records;
    if (first !== undefined && !this.#isEnding() && this.#random.chance(this.#story.failChance)) {
      this.told.failed(first, { isLost: signal.aborted });
      throw new HandlerFailed();
    }
    for (const record of records) this.told.done(record, { isLost: signal.aborted });
    const last = records.at(-1);
    // While its handler is at work a record counts as not consumed, unless the application says otherwise.
    if (last !== undefined && !signal.aborted && this.#commitsNow()) await this.#commit(last);
  }

  /** What has not been committed yet is in the end, though nothing more comes. */
  async #commitInTheEnd(): Promise<void> {
    while (this.#story.work.kind === "run" && !this.#story.autoCommit && !this.#isClosing) {
      await this.process.runtime.clock.sleep(COMMIT_EVERY_MS);
      if (this.#isEnding() && this.#commitsNow()) await this.#commit();
    }
  }

  async #takeTime(): Promise<void> {
    if (this.#isEnding()) return;
    const { workMs, slowMs, slowChance } = this.#story;
    const meanMs = this.#random.chance(slowChance) ? slowMs : workMs;
    if (meanMs > 0) await this.process.runtime.clock.sleep(this.#random.around(meanMs));
  }

  /** In the end all that is done is committed. */
  #commitsNow(): boolean {
    const { autoCommit, commitChance } = this.#story;
    return !autoCommit && !this.#isClosing && (this.#isEnding() || this.#random.chance(commitChance));
  }

  /** Commits up to and with this record, or all that is done; whether it is. */
  async #commit(last?: ConsumerRecord): Promise<boolean> {
    const settle = this.told.committing(last);
    try {
      await this.#consumer.commit(last === undefined ? undefined : { ...placeOf(last), offset: last.offset + 1 });
      settle();
      return true;
    } catch (error) {
      if (!this.#isClosing || !isLogError(error, "Closed")) this.#failed("commit", error);
      return false;
    }
  }

  async #revoked(places: readonly TopicPartition[]): Promise<void> {
    const { autoCommit, commitsBeforeLetGo } = this.#story;
    const letGo = this.told.revoking(places);
    const settled = autoCommit || (commitsBeforeLetGo && (await this.#commit()));
    letGo({ settled });
  }

  async #close(): Promise<void> {
    const { history, scheduler, trace } = this.#world;
    const { closeTimeoutMs, freezesEveryMs } = this.#story;
    const mayFreeze = freezesEveryMs !== undefined && !this.#isEnding();
    const beganMs = scheduler.nowMs;
    this.#finish();
    trace.note(this.name, "closes");
    await this.#consumer.close();
    const tookMs = scheduler.nowMs - beganMs;
    trace.note(this.name, () => `is closed after ${tookMs.toFixed(0)} ms`);
    if (!mayFreeze && tookMs > closeTimeoutMs + CLOSE_GRACE_MS) {
      history.report("Liveness", `${this.name} took ${tookMs.toFixed(0)} ms to close, and has ${closeTimeoutMs}`);
    }
  }

  #failed(doing: string, error: unknown): void {
    const known = expectLogError(this.#world.history, `${doing} by ${this.name}`, error);
    this.#world.trace.note(this.name, `${doing}: ${known?.code} ${known?.message}`);
  }
}

function placeOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
