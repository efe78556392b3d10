import type { LogService } from "../../../lib/api/log-service.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { type ConsumerRecord, type GroupConsumer, isLogError, Tidelog } from "../../../lib/client/index.ts";
import type { GroupWorld } from "./group-world.ts";

/** What a group did with the records of a topic, and whether it ever committed what nobody had finished. */
export class GroupLedger {
  /** How often each record was finished, by partition and offset. */
  readonly finished = new Map<string, number>();
  readonly wrongs: string[] = [];
  /** Offsets below which everything is finished, by partition. */
  readonly #done = new Map<number, number>();

  finish({ partition, offset }: ConsumerRecord): void {
    const name = `${partition}/${offset}`;
    this.finished.set(name, (this.finished.get(name) ?? 0) + 1);
    let done = this.#done.get(partition) ?? 0;
    while (this.finished.has(`${partition}/${done}`)) done += 1;
    this.#done.set(partition, done);
  }

  commit(partition: number, offset: number): void {
    const done = this.#done.get(partition) ?? 0;
    if (offset > done) this.wrongs.push(`commits ${offset} of partition ${partition}, finished below ${done}`);
  }

  /** Records finished more than once. */
  get repeated(): number {
    return [...this.finished.values()].filter((times) => times > 1).length;
  }
}

export type WorkerKind = "poll" | "run" | "for await";

/** A process with a member of a group, which may lose its network for a while, and die. */
export class GroupWorker {
  readonly consumer: GroupConsumer;
  readonly errors: unknown[] = [];
  readonly kind: WorkerKind;
  readonly #world: GroupWorld;
  readonly #ledger: GroupLedger;
  readonly #ended: Promise<void>;
  #isCutOff = false;
  #isDead = false;
  #isAsked = true;
  #isHandling = false;

  constructor(world: GroupWorld, ledger: GroupLedger, kind: WorkerKind) {
    this.#world = world;
    this.#ledger = ledger;
    this.kind = kind;
    const log = new Tidelog({ service: this.#service(), runtime: world.runtime });
    this.consumer = log.consumer({ group: "billing", autoCommitIntervalMs: 1000, requestTimeoutMs: 5000 });
    this.consumer.subscribe("orders", { fromBeginning: true });
    this.#ended = this.#work().catch((error: unknown) => {
      if (!this.#isDead && !isLogError(error, "Closed")) this.errors.push(error);
    });
  }

  /** Nothing gets through for so long, in either direction. */
  async cutOff(durationMs: number): Promise<void> {
    this.#isCutOff = true;
    await this.#world.scheduler.sleep(durationMs);
    this.#isCutOff = this.#isDead;
  }

  /** Ends without a word to anybody. */
  die(): void {
    this.#isDead = true;
    this.#isCutOff = true;
    void this.consumer.close();
  }

  async close(): Promise<void> {
    this.#isAsked = false;
    // What a poll has handed out is to be finished before: closing commits it. So is a loop's record, which it does not.
    if (this.kind === "poll" || (this.kind === "for await" && this.#isHandling)) await this.#ended;
    await this.consumer.close();
    await this.#ended;
  }

  async #work(): Promise<void> {
    if (this.kind === "run") {
      await this.consumer.run({ concurrency: 2, maxRecords: 10, eachRecord: (record) => this.#handle(record) });
    } else if (this.kind === "for await") {
      for await (const record of this.consumer) {
        await this.#handle(record);
        if (!this.#isAsked) break;
      }
    } else {
      while (this.#isAsked && !this.#isDead) {
        const records = await this.consumer.poll({ maxRecords: 10, timeoutMs: 500 });
        for (const record of records) await this.#handle(record);
      }
    }
  }

  async #handle(record: ConsumerRecord): Promise<void> {
    this.#isHandling = true;
    await this.#world.scheduler.sleep(this.#world.random.around(20));
    this.#isHandling = false;
    if (!this.#isDead) this.#ledger.finish(record);
  }

  /** Any broker, with this process's network before it. */
  #service(): LogService {
    const pass = (): void => {
      if (this.#isCutOff) throw new LogError("NetworkException", "cut off", { effect: "unknown" });
    };
    return new Proxy(this.#world.service, {
      get: (_, name) => {
        return async (...args: readonly unknown[]): Promise<unknown> => {
          pass();
          if (name === "commitOffsets") this.#note(args[1] as Parameters<LogService["commitOffsets"]>[1]);
          const method = Reflect.get(this.#world.service, name) as (...args: readonly unknown[]) => Promise<unknown>;
          const answer = await method(...args);
          pass();
          return answer;
        };
      },
    });
  }

  #note({ partitions }: Parameters<LogService["commitOffsets"]>[1]): void {
    for (const { partition, offset } of partitions) this.#ledger.commit(partition, offset);
  }
}
