import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { DeadlineItemStore } from "../../../lib/adapters/wrappers/deadline-item-store.ts";
import { DeadlineObjectStore } from "../../../lib/adapters/wrappers/deadline-object-store.ts";
import { MeteredItemStore } from "../../../lib/adapters/wrappers/metered-item-store.ts";
import { MeteredObjectStore } from "../../../lib/adapters/wrappers/metered-object-store.ts";
import { RetryingItemStore } from "../../../lib/adapters/wrappers/retrying-item-store.ts";
import { RetryingObjectStore } from "../../../lib/adapters/wrappers/retrying-object-store.ts";
import { StoreCounter } from "../../../lib/adapters/wrappers/store-counts.ts";
import { ANONYMOUS, type RequestContext } from "../../../lib/api/log-service.ts";
import type { AwsStores } from "../../../lib/aws/aws-stores.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { silentLogger } from "../../../lib/base/logger.ts";
import type { Runtime } from "../../../lib/base/runtime.ts";
import { Scheduler } from "../../simulation/scheduler.ts";
import { SeededRandom } from "../../simulation/seeded-random.ts";
import { clockOn } from "../../support/virtual-log.ts";
import { slowItems, slowObjects } from "./slow-stores.ts";

/** S3's minimum for a part that is copied. */
const COMPOSE_PART_BYTES_MIN = 5 * 1024 * 1024;
const REQUEST_MS_MAX = 20_000;

/** Stores that are counted apart. */
export interface Account {
  readonly counter: StoreCounter;
  readonly stores: AwsStores & { readonly clock: Clock };
}

/** A bucket and a table in memory, on virtual time: metered as S3 and DynamoDB bill them, and taking as long as they. */
export class CostWorld {
  readonly objects = new MemoryObjectStore({ composePartBytesMin: COMPOSE_PART_BYTES_MIN });
  readonly items = new MemoryItemStore();
  readonly runtime: Runtime;
  /** What brokers report under their own names ("log.roll"). */
  readonly counted = new Map<string, number>();
  readonly #scheduler = new Scheduler();

  constructor() {
    const clock = clockOn(this.#scheduler);
    const random = new SeededRandom(1);
    const count = (name: string, by = 1): unknown => this.counted.set(name, (this.counted.get(name) ?? 0) + by);
    const meter = { count, observe: () => undefined };
    this.runtime = { clock, random, codecs: synchronousCodecs(), logger: silentLogger, meter };
  }

  /** The same stores, counted for themselves. */
  account(): Account {
    const { runtime } = this;
    const { clock } = runtime;
    const counter = new StoreCounter();
    const objects = slowObjects(new MeteredObjectStore(this.objects, counter), clock);
    const items = slowItems(new MeteredItemStore(this.items, counter), clock);
    return {
      counter,
      stores: {
        objects: new RetryingObjectStore(new DeadlineObjectStore(objects, clock), runtime),
        items: new RetryingItemStore(new DeadlineItemStore(items, clock), runtime),
        location: "memory",
        clock,
        close() {},
      },
    };
  }

  context(timeoutMs = REQUEST_MS_MAX): RequestContext {
    return { principal: ANONYMOUS, clientId: "bench", deadlineMs: this.runtime.clock.monotonicMs() + timeoutMs };
  }

  /** Lets time pass until this is settled. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    work.then(note, note);
    await this.#scheduler.run(() => settled, Number.MAX_SAFE_INTEGER);
    return work;
  }

  /** Lets so much time pass. */
  async pass(durationMs: number): Promise<void> {
    await this.#scheduler.run(() => false, this.#scheduler.nowMs + durationMs);
  }
}
