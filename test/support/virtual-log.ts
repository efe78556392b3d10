import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import type { LogService } from "../../lib/api/log-service.ts";
import { synchronousCodecs } from "../../lib/base/codecs.ts";
import { silentLogger } from "../../lib/base/logger.ts";
import { silentMeter } from "../../lib/base/meter.ts";
import type { Runtime } from "../../lib/base/runtime.ts";
import { type SharedOptions, Tidelog } from "../../lib/client/index.ts";
import { type Broker, openBroker } from "../../lib/service/broker.ts";
import { type BrokerSettings, defaultBrokerSettings } from "../../lib/service/broker-settings.ts";
import { Scheduler } from "../simulation/scheduler.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { clockOn, runOn } from "./virtual-time.ts";

/** The real engine on memory stores, and clients of it, all on virtual time. */
export class VirtualLog {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly runtime: Runtime;
  readonly broker: Broker;

  private constructor(random: SeededRandom, scheduler: Scheduler, runtime: Runtime, broker: Broker) {
    this.random = random;
    this.scheduler = scheduler;
    this.runtime = runtime;
    this.broker = broker;
  }

  static async open(options: { seed?: number; settings?: Partial<BrokerSettings> } = {}): Promise<VirtualLog> {
    const scheduler = new Scheduler();
    const random = new SeededRandom(options.seed ?? 1);
    const codecs = synchronousCodecs();
    const clock = clockOn(scheduler);
    const runtime = { clock, random: random.fork("runtime"), codecs, logger: silentLogger, meter: silentMeter };
    const opening = openBroker({
      objects: new MemoryObjectStore(),
      items: new MemoryItemStore(),
      runtime,
      settings: { ...defaultBrokerSettings, backgroundWork: false, ...options.settings },
    });
    return new VirtualLog(random, scheduler, runtime, await runOn(scheduler, opening));
  }

  /** A client of the engine, or of what stands before it. */
  client(options: Partial<SharedOptions> & { service?: LogService } = {}): Tidelog {
    return new Tidelog({ service: this.broker.service, runtime: this.runtime, ...options });
  }

  /** Lets time pass until this is settled. */
  run<T>(work: Promise<T>): Promise<T> {
    return runOn(this.scheduler, work);
  }

  /** Lets so much time pass. */
  async pass(durationMs: number): Promise<void> {
    await this.scheduler.run(() => false, this.scheduler.nowMs + durationMs);
  }
}

export { clockOn } from "./virtual-time.ts";
