import type { LogService } from "../../../lib/api/log-service.ts";
import type {
  ConsumerRecord,
  GroupConsumer,
  GroupConsumerOptions,
  SubscribeOptions,
  Tidelog,
  Topics,
} from "../../../lib/client/index.ts";
import type { BrokerSettings } from "../../../lib/service/broker-settings.ts";
import { VirtualLog } from "../virtual-log.ts";

export type TestConsumerOptions = Partial<GroupConsumerOptions> &
  SubscribeOptions & { readonly to?: Topics; readonly service?: LogService };

/** A log on virtual time with a topic "orders", and consumers in the group "billing". */
export class ConsumerWorld {
  readonly virtual: VirtualLog;
  readonly log: Tidelog;
  readonly partitions: number;
  #published = 0;

  private constructor(virtual: VirtualLog, partitions: number) {
    this.virtual = virtual;
    this.log = virtual.client();
    this.partitions = partitions;
  }

  static async open(options: { partitions?: number; settings?: Partial<BrokerSettings> } = {}): Promise<ConsumerWorld> {
    const { partitions = 6, settings = {} } = options;
    const world = new ConsumerWorld(await VirtualLog.open({ settings }), partitions);
    await world.createTopic("orders", partitions);
    return world;
  }

  run<T>(work: Promise<T>): Promise<T> {
    return this.virtual.run(work);
  }

  pass(durationMs: number): Promise<void> {
    return this.virtual.pass(durationMs);
  }

  get nowMs(): number {
    return this.virtual.scheduler.nowMs;
  }

  async createTopic(name: string, partitions: number): Promise<void> {
    await this.run(this.log.admin.createTopic({ name, partitions }));
    // Longer than a broker believes that there is none.
    await this.pass(6000);
  }

  /** So many records with consecutive numbers as values, over all partitions in turn. */
  async publish(count: number, topic = "orders"): Promise<void> {
    const records = Array.from({ length: count }, () => {
      const number = this.#published++;
      return { value: `${number}`, partition: number % this.partitions };
    });
    await this.run(this.log.publish(topic, records));
  }

  /** Subscribed to "orders" from its beginning, unless told otherwise; joins with its first poll. */
  consumer(options: TestConsumerOptions = {}): GroupConsumer {
    const { to = "orders", service, fromBeginning = true, onAssigned, onRevoked, onLost, ...rest } = options;
    const log = service === undefined ? this.log : this.virtual.client({ service });
    const consumer = log.consumer({ group: "billing", ...rest });
    consumer.subscribe(to, { fromBeginning, onAssigned, onRevoked, onLost });
    return consumer;
  }

  /** The broker's service, with some of its methods replaced. */
  service(change: (service: LogService) => Partial<LogService>): LogService {
    const { service } = this.virtual.broker;
    return { ...service, ...change(service) };
  }

  /** Committed offsets by partition. */
  async committed(): Promise<Record<number, number>> {
    const offsets = await this.run(this.log.admin.groups.offsets("billing"));
    return Object.fromEntries(offsets.map(({ partition, offset }) => [partition, offset]));
  }

  /** How many records the group has still to consume. */
  async lag(): Promise<number> {
    const offsets = await this.run(this.log.admin.groups.offsets("billing"));
    return offsets.reduce((sum, { lag }) => sum + lag, 0);
  }
}

/** An application that polls and works on what comes, until it is stopped. */
export class PollingApplication {
  readonly seen: string[] = [];
  readonly errors: unknown[] = [];
  readonly ended: Promise<void>;
  #stopped = false;

  constructor(consumer: GroupConsumer, work: (records: readonly ConsumerRecord[]) => Promise<void> = async () => {}) {
    this.ended = this.#loop(consumer, work);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #loop(consumer: GroupConsumer, work: (records: readonly ConsumerRecord[]) => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      try {
        const records = await consumer.poll({ maxRecords: 7, timeoutMs: 200 });
        for (const record of records) this.seen.push(record.text() ?? "");
        if (records.length > 0) await work(records);
      } catch (error) {
        this.errors.push(error);
        return;
      }
    }
  }
}

export function numbersUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${number}`);
}

export function sorted(texts: readonly string[]): string[] {
  return [...texts].sort((a, b) => Number(a) - Number(b));
}
