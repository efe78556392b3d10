import { openAwsBroker } from "../../../lib/aws/aws-broker.ts";
import type { Broker } from "../../../lib/service/broker.ts";
import { assumed } from "./assumptions.ts";
import type { Account, CostWorld } from "./cost-world.ts";

/** What a function is billed for. */
export interface FunctionUse {
  invocations: number;
  gbSeconds: number;
}

/** A function's environments, each with a broker: as many as there are requests at once, the last used first. */
export class FunctionPool {
  readonly use: FunctionUse = { invocations: 0, gbSeconds: 0 };
  readonly #world: CostWorld;
  readonly #account: Account;
  readonly #memoryMb: number;
  readonly #idle: Broker[] = [];

  constructor(world: CostWorld, account: Account, memoryMb: number) {
    this.#world = world;
    this.#account = account;
    this.#memoryMb = memoryMb;
  }

  /** Runs one request in an environment of its own; `processorMs` is what it computes beside waiting for the stores. */
  async invoke<T>(processorMs: number, work: (broker: Broker) => Promise<T>): Promise<T> {
    const { clock } = this.#world.runtime;
    const startedMs = clock.monotonicMs();
    this.use.invocations++;
    const broker = this.#idle.pop() ?? (await this.#start());
    try {
      await this.compute(processorMs);
      return await work(broker);
    } finally {
      this.use.gbSeconds += ((clock.monotonicMs() - startedMs) / 1000) * (this.#memoryMb / 1024);
      this.#idle.push(broker);
    }
  }

  /** The time of a whole processor, by a function's share of one. */
  async compute(processorMs: number): Promise<void> {
    const share = Math.min(1, this.#memoryMb / assumed.mbPerProcessor);
    await this.#world.runtime.clock.sleep(processorMs / share);
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.map((broker) => broker.close()));
  }

  async #start(): Promise<Broker> {
    await this.#world.runtime.clock.sleep(assumed.coldStartMs);
    return openAwsBroker(this.#account.stores, this.#world.runtime, { backgroundWork: false });
  }
}
