import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import type { Call } from "../../../lib/base/call.ts";
import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { type Logger, silentLogger } from "../../../lib/base/logger.ts";
import type { Meter } from "../../../lib/base/meter.ts";
import { systemRandom } from "../../../lib/base/random.ts";
import type { Runtime } from "../../../lib/base/runtime.ts";
import type { Appended } from "../../../lib/log/append/pending-batch.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { createLogEngine, type LogEngine } from "../../../lib/log/log-engine.ts";
import { embeddedLogSettings, type LogSettings } from "../../../lib/log/log-settings.ts";
import { createTopic } from "../../../lib/log/topics/create-topic.ts";
import { readBatchHeader } from "../../../lib/records/batch-header.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import { InstantClock } from "../instant-clock.ts";
import { testCall } from "../test-call.ts";
import { type Intercept, intercepted } from "./intercepted.ts";

export interface EngineOptions {
  readonly items?: Intercept;
  readonly objects?: Intercept;
  readonly settings?: Partial<LogSettings>;
  readonly logger?: Logger;
}

/** One pair of stores in memory and any number of brokers over it; time stands still unless a test moves it. */
export class TestLog {
  readonly clock = new InstantClock();
  readonly objects: ObjectStore;
  readonly items: ItemStore = new MemoryItemStore();
  /** What the engines have counted, by name. */
  readonly counts = new Map<string, number>();

  /** With `composePartBytesMin` the object store composes. */
  constructor(objects: ConstructorParameters<typeof MemoryObjectStore>[0] = {}) {
    this.objects = new MemoryObjectStore(objects);
  }

  runtime(logger: Logger = silentLogger): Runtime {
    const meter: Meter = {
      count: (name, by = 1) => this.counts.set(name, (this.counts.get(name) ?? 0) + by),
      observe: () => undefined,
    };
    return { clock: this.clock, random: systemRandom, codecs: synchronousCodecs(), logger, meter };
  }

  engine(options: EngineOptions = {}): LogEngine {
    return createLogEngine({
      items: options.items === undefined ? this.items : intercepted(this.items, options.items),
      objects: options.objects === undefined ? this.objects : intercepted(this.objects, options.objects),
      runtime: this.runtime(options.logger),
      settings: { ...embeddedLogSettings, ...options.settings },
    });
  }

  /** A new topic's first partition. */
  async partition(name = "topic", partitions = 1): Promise<PartitionRef> {
    const { topicId } = await createTopic(this.engine().context, { name, partitions, configs: {} }, testCall);
    return { topicId, partition: 0 };
  }
}

/** Queues a batch as a produce request does. */
export function append(engine: LogEngine, ref: PartitionRef, bytes: Uint8Array, call: Call = testCall) {
  return new Promise<Appended>((settle, fail) => {
    engine.appender.append(ref, { bytes, header: readBatchHeader(bytes), call, gapSinceMs: undefined, settle, fail });
  });
}

/** Lets everything run that waits for nothing but stores in memory. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a store fails with whose answer got lost on the way. */
export function lostReply(): LogError {
  return new LogError("RequestTimedOut", "the answer was lost", { effect: "unknown" });
}

/** A promise, and the function that resolves it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
