import type { LogService } from "../../lib/api/log-service.ts";
import type { Codecs } from "../../lib/base/compression.ts";
import { silentMeter } from "../../lib/base/meter.ts";
import type { Runtime } from "../../lib/base/runtime.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { withAwsRetries } from "./aws-retries.ts";
import { Faults } from "./faults.ts";
import type { History } from "./history.ts";
import { ItemHistory } from "./item-history.ts";
import type { Endpoint } from "./network.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { SimulatedItemStore } from "./simulated-item-store.ts";
import { SimulatedObjectStore } from "./simulated-object-store.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import { StoreLine, type StoreWorld } from "./store-line.ts";
import type { Story } from "./story.ts";

export interface BrokerParts {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly runtime: Runtime;
}

/** How a broker comes up over what a process sees of the world: the product's own composition. */
export type StartBroker = (parts: BrokerParts, story: Story) => Promise<LogService>;

export interface ClusterOptions {
  readonly world: StoreWorld;
  readonly story: Story;
  readonly history: History;
  readonly codecs: Codecs;
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly start: StartBroker;
  /** Begins its brokers' names. */
  readonly name?: string;
}

/** A place at which one broker runs after another. */
interface Slot {
  readonly name: string;
  endpoint: Endpoint;
}

/** The brokers: started, crashed, frozen, restarted as new ones. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #random: SeededRandom;
  readonly #itemHistory: ItemHistory;
  readonly #slots: Slot[] = [];
  #started = 0;
  #clocksRight: boolean = false;
  #down: boolean = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#random = options.world.random.fork("cluster");
    this.#itemHistory = new ItemHistory(options.items);
    for (let at = 0; at < options.story.brokers; at++) this.#openSlot(`${options.name ?? "broker"}-${at}`);
  }

  /** Any broker, up or not: clients find out. */
  anyEndpoint(): Endpoint {
    return this.#random.pick(this.#slots).endpoint;
  }

  allUp(): boolean {
    return this.#slots.every((slot) => slot.endpoint.service !== undefined && slot.endpoint.process.running);
  }

  /** Thaws what is frozen: called when the faults have stopped. */
  thawAll(): void {
    for (const slot of this.#slots) slot.endpoint.process.thaw();
  }

  /** All of its brokers end, and none comes after them. */
  shutDown(): void {
    this.#down = true;
    for (const slot of this.#slots) slot.endpoint.process.crash();
  }

  /** An administrator has seen to the clocks: from now on all of them are right. */
  setClocksRight(): void {
    this.#clocksRight = true;
    for (const slot of this.#slots) slot.endpoint.process.setClockRight();
  }

  /** A broker of its own, outside the slots, that nothing happens to. */
  async startExtra(name: string, aheadMs: number, story: Story = this.#options.story): Promise<Endpoint> {
    const process = this.#newProcess(name, aheadMs);
    const undisturbed = new Faults(this.#options.world.random.fork(`${name}, undisturbed`));
    undisturbed.stop();
    return { process, service: await this.#options.start(this.#partsFor(process, undisturbed), story) };
  }

  #openSlot(name: string): void {
    const slot: Slot = { name, endpoint: { process: this.#newProcess(name, 0), service: undefined } };
    this.#slots.push(slot);
    this.#start(slot);
    this.#schedule("crash", () => slot.endpoint.process.crash());
    this.#schedule("freeze", () => this.#freeze(slot));
    this.#schedule("clockJump", () => this.#jump(slot));
  }

  #start(slot: Slot): void {
    if (this.#down) return;
    const { world, story, history } = this.#options;
    const skewMs = this.#clocksRight ? 0 : (story.skewMs[this.#started % story.skewMs.length] ?? 0);
    const process = this.#newProcess(`${slot.name}.${this.#started++}`, skewMs);
    if (Math.abs(skewMs) > 1000) world.faults.note("clockSkew");
    slot.endpoint = { process, service: undefined };
    world.trace.note(process.name, `starts, clock off by ${skewMs} ms`);
    process.onCrash(() => {
      world.trace.note(process.name, "is dead");
      world.scheduler.after(100 + this.#random.around(2000), () => this.#start(slot));
    });
    const calm = world.faults.stopped;
    this.#options.start(this.#partsFor(process), this.#storyOf(this.#started)).then(
      (service) => {
        if (process.crashed) return;
        world.trace.note(process.name, "is up");
        slot.endpoint = { process, service };
      },
      (error: unknown) => {
        if (process.crashed) return;
        world.trace.note(process.name, `cannot start: ${String(error)}`);
        if (calm) history.report("Liveness", `a broker cannot start without faults: ${String(error)}`);
        process.crash();
      },
    );
  }

  /** Every other broker is of another version, where there is one: other limits, other layers around its stores. */
  #storyOf(start: number): Story {
    const { story, world } = this.#options;
    if (story.otherLimits === undefined || start % 2 === 0) return story;
    world.faults.note("otherBroker");
    return { ...story, limits: story.otherLimits, retrying: !story.retrying };
  }

  #schedule(kind: "crash" | "freeze" | "clockJump", strike: () => void): void {
    const { world } = this.#options;
    const nextMs = world.faults.untilNext(kind);
    if (nextMs === undefined) return;
    world.scheduler.after(nextMs, () => {
      if (world.faults.stopped) return;
      if (!world.faults.paused) {
        world.faults.note(kind);
        strike();
      }
      this.#schedule(kind, strike);
    });
  }

  #freeze(slot: Slot): void {
    const { process } = slot.endpoint;
    const forMs = this.#random.around(this.#random.pick([50, 3000, 20_000]));
    this.#options.world.trace.note(process.name, `freezes for ${forMs.toFixed(0)} ms`);
    process.freeze();
    this.#options.world.scheduler.after(forMs, () => {
      if (!process.crashed) this.#options.world.trace.note(process.name, "thaws");
      process.thaw();
    });
  }

  #jump(slot: Slot): void {
    const byMs = Math.round((this.#random.fraction() * 2 - 1) * this.#random.pick([100, 5000, 120_000]));
    this.#options.world.trace.note(slot.endpoint.process.name, `clock jumps by ${byMs} ms`);
    slot.endpoint.process.jumpClock(byMs);
  }

  #newProcess(name: string, skewMs: number): SimulatedProcess {
    const { world, codecs } = this.#options;
    return new SimulatedProcess({
      name,
      scheduler: world.scheduler,
      random: world.random.fork(name),
      codecs,
      meter: silentMeter,
      skewMs,
    });
  }

  #partsFor(process: SimulatedProcess, faults?: Faults): BrokerParts {
    const { world, story } = this.#options;
    const line = new StoreLine(world, process, faults);
    const parts = {
      objects: new SimulatedObjectStore(line, this.#options.objects),
      items: new SimulatedItemStore(line, this.#options.items, this.#itemHistory),
      runtime: process.runtime,
    };
    return story.awsRetries ? withAwsRetries(parts, () => world.faults.note("awsRetry")) : parts;
  }
}
