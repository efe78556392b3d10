import { type Call, remainingMs } from "../../lib/base/call.ts";
import type { ErrorCode } from "../../lib/base/error-codes.ts";
import { isLogError, LogError } from "../../lib/base/errors.ts";
import type { Faults } from "./faults.ts";
import type { Deletable, HeldBack } from "./held-back.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { Trace } from "./trace.ts";

/** What all stores of a run share. */
export interface StoreWorld {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly heldBack: HeldBack;
  /** Requests to stores, all processes together. */
  operations: number;
  /** Requests that have not reached their store yet. */
  underWay: number;
}

export interface StoreOperation<Answer> {
  /** "items.update". */
  readonly name: string;
  /** For the timeline. */
  target(): string;
  readonly writes: boolean;
  /** What a write may change; nothing where it changes nothing that others change, too. */
  readonly changes?: Pick<Deletable, "place" | "replaces"> & { readonly names: readonly string[] };
  /** What a write leaves behind, by the name under which its deletion is told. */
  readonly leaves?: string | undefined;
  /** Whether it says where something is to be found that its sender has left. */
  readonly refersTo?: (name: string) => boolean;
  /** Whether the store may say that another write was under way. */
  readonly mayConflict: boolean;
  readonly latencyMs: number;
  perform(): Promise<Answer>;
  /** The answer never comes, though the request arrived (a stalled body). */
  readonly stalls?: boolean;
  summarize(answer: Answer): string;
}

/** Past the deadline of an update by so much or less: a request that comes as its caller looks for it, or far later. */
const LATE_MS = [15, 15, 6_000, 20_000, 90_000];

/** How long a process stands still that freezes as it sends something: mostly beyond all deadlines. */
const FROZEN_MS = [50, 3000, 8000, 20_000];
/** Of writes that refer to what was put before them: collectors may find that meanwhile, and nobody refers to it. */
const FROZEN_AS_IT_REFERS = 0.08;
/** The longest that it stands still until something is deleted. */
const FROZEN_FOR_DELETION_MS = 12_000;
/** Of the answers to a process that stands still. */
const CUT_OFF = 0.5;
/** Of the last requests of processes that die: nobody is left to look for what becomes of them. */
const LAST_HELD_BACK = 0.5;

/** One process' connection to the stores: delays, faults and deadlines around operations on the shared state. */
export class StoreLine {
  readonly world: StoreWorld;
  readonly faults: Faults;
  readonly #process: SimulatedProcess;
  #lastLeft: string | undefined;

  /** `faults` are the run's, unless it is a connection on which nothing happens. */
  constructor(world: StoreWorld, process: SimulatedProcess, faults: Faults = world.faults) {
    this.world = world;
    this.faults = faults;
    this.#process = process;
  }

  run<Answer>(operation: StoreOperation<Answer>, call: Call): Promise<Answer> {
    const { world } = this;
    if (this.#process.crashed) return new Promise(() => {});
    const number = ++world.operations;
    const lastLeft = this.#lastLeft;
    const refers = lastLeft !== undefined && operation.refersTo?.(lastLeft) === true;
    if (operation.leaves !== undefined) this.#lastLeft = operation.leaves;
    const dies =
      operation.writes && this.faults.fires("crashInOperation") ? world.random.pick(["unsent", "sent"]) : undefined;
    if (dies === "unsent") {
      this.#crash(number, operation);
      return new Promise(() => {});
    }
    if (operation.writes && this.#process.running && this.#freezes(refers))
      this.#freeze(number, operation, { lastLeft, refers });
    const answer = new Promise<Answer>((resolve, reject) => {
      const send = (): void => {
        new Attempt(this, number, operation, { resolve, reject, call, last: dies === "sent", lastLeft, refers });
      };
      // What has not left a process that stands still leaves it when it goes on.
      if (this.#process.running || (!refers && world.random.chance(0.5))) send();
      else this.#process.deliver(send);
    });
    if (dies === "sent") this.#crash(number, operation);
    return answer;
  }

  #freezes(refers: boolean): boolean {
    const { faults } = this;
    const { random } = this.world;
    if (faults.fires("freezeInOperation")) return true;
    if (!refers || !faults.mayFire("freezeInOperation") || faults.stopped || faults.paused) return false;
    if (!random.chance(FROZEN_AS_IT_REFERS)) return false;
    faults.note("freezeInOperation");
    return true;
  }

  #freeze(number: number, operation: StoreOperation<unknown>, left: Pick<Deletable, "lastLeft" | "refers">): void {
    const { world } = this;
    const { refers } = left;
    const forMs = world.random.around(world.random.pick(FROZEN_MS));
    const changes = refers || world.random.chance(0.7) ? operation.changes : undefined;
    const told = (): string => `freezes for ${forMs.toFixed(0)} ms with #${number} ${operation.name}`;
    world.trace.note(this.#process.name, told);
    this.#process.freeze();
    const thaw = (): void => this.#process.thaw();
    if (changes === undefined) world.scheduler.after(forMs, thaw);
    else world.heldBack.untilDeletion({ ...changes, ...left }, thaw, Math.max(forMs, FROZEN_FOR_DELETION_MS));
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  #crash(number: number, operation: StoreOperation<unknown>): void {
    this.world.trace.note(this.#process.name, `crashes with #${number} ${operation.name} ${operation.target()}`);
    this.#process.crash();
  }
}

interface Sender<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly call: Call;
  /** It dies with it. */
  readonly last: boolean;
  /** What its process has left in a store just before. */
  readonly lastLeft: string | undefined;
  /** Whether it refers to that. */
  readonly refers: boolean;
}

class Attempt<Answer> {
  readonly #line: StoreLine;
  readonly #number: number;
  readonly #operation: StoreOperation<Answer>;
  readonly #sender: Sender<Answer>;
  readonly #stopWaiting: () => void;
  #settled: boolean = false;

  constructor(line: StoreLine, number: number, operation: StoreOperation<Answer>, sender: Sender<Answer>) {
    this.#line = line;
    this.#number = number;
    this.#operation = operation;
    this.#sender = sender;
    this.#stopWaiting = this.#awaitDeadline(sender.call);
    this.#send();
  }

  #awaitDeadline(call: Call): () => void {
    const { clock } = this.#line.process.runtime;
    const effect = this.#operation.writes ? "unknown" : "none";
    const giveUp = (why: string) =>
      this.#settle(why, () => this.#sender.reject(new LogError("RequestTimedOut", why, { effect })));
    const timer = clock.startTimer(remainingMs(clock, call), () => giveUp("no answer before the deadline"));
    const onAbort = (): void => giveUp("the caller gave up");
    call.signal?.addEventListener("abort", onAbort, { once: true });
    if (call.signal?.aborted) onAbort();
    return () => {
      timer.cancel();
      call.signal?.removeEventListener("abort", onAbort);
    };
  }

  #send(): void {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    const operation = this.#operation;
    if (faults.fires("throttled")) this.#failLater("StoreThrottled", "none");
    else if (operation.mayConflict && faults.fires("conflict")) this.#failLater("StoreConflict", "none");
    else if (!faults.fires("errorBefore")) this.#deliver(this.#travelMs());
    else this.#failLater("StoreUnavailable", operation.writes && random.chance(0.8) ? "unknown" : "none");
  }

  #travelMs(): number {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    const halfMs = this.#operation.latencyMs / 2;
    if (this.#operation.writes && faults.fires("lateArrival")) return 4000 + random.fraction() * random.pick(LATE_MS);
    if (faults.fires("slow")) return halfMs * (1 + random.around(20));
    return halfMs * (0.5 + random.fraction());
  }

  #deliver(travelMs: number): void {
    const { world } = this.#line;
    const silent = this.#operation.writes && this.#line.faults.fires("silence");
    const lost = silent || this.#line.faults.fires("replyLost") || this.#operation.stalls === true;
    const fails = !lost && this.#line.faults.fires("errorAfter");
    const backMs = (this.#operation.latencyMs / 2) * (0.5 + world.random.fraction());
    const { changes } = this.#operation;
    const sender = this.#line.process.name;
    world.underWay += 1;
    const arrive = (): void => {
      world.underWay -= 1;
      const perform = (): void => this.#perform(lost, fails, backMs);
      // In an event of its own, so that whoever watches the stores sees one write after the other.
      if (changes !== undefined && world.heldBack.arriving(changes.names, sender)) world.scheduler.after(0, perform);
      else perform();
    };
    if (changes !== undefined && this.#isHeldBack())
      world.heldBack.hold({ ...changes, ...this.#left(), sender }, arrive);
    else world.scheduler.after(travelMs, arrive);
  }

  #left(): Pick<Deletable, "lastLeft" | "refers"> {
    const { lastLeft, refers } = this.#sender;
    return { lastLeft, refers };
  }

  /** Who stands still does not keep its connections alive: some answers find nobody. */
  #isCutOff(): boolean {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    return !this.#line.process.running && faults.mayFire("silence") && random.chance(CUT_OFF);
  }

  #isHeldBack(): boolean {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    if (!this.#sender.last) return faults.fires("heldBack");
    if (!faults.mayFire("heldBack") || !random.chance(LAST_HELD_BACK)) return false;
    faults.note("heldBack");
    return true;
  }

  #perform(lost: boolean, fails: boolean, backMs: number): void {
    const { world } = this.#line;
    const answered = (what: () => string, pass: () => void): void => {
      const note = lost ? " (answer lost)" : fails ? " (answered by an error)" : "";
      this.#note(() => `${what()}${note}`);
      if (lost || this.#isCutOff()) return;
      if (fails) this.#failAfter(backMs, "StoreUnavailable", this.#operation.writes ? "unknown" : "none");
      else world.scheduler.after(backMs, () => this.#settle(undefined, pass));
    };
    this.#operation.perform().then(
      (answer) =>
        answered(
          () => this.#operation.summarize(answer),
          () => this.#sender.resolve(answer),
        ),
      (error: unknown) =>
        answered(
          () => (isLogError(error) ? error.code : String(error)),
          () => this.#sender.reject(error),
        ),
    );
  }

  #failLater(code: ErrorCode, effect: "none" | "unknown"): void {
    this.#note(() => `${code}, effect ${effect}`);
    this.#failAfter(this.#operation.latencyMs * (0.5 + this.#line.world.random.fraction()), code, effect);
  }

  #failAfter(delayMs: number, code: ErrorCode, effect: "none" | "unknown"): void {
    const error = new LogError(code, `simulated ${code}`, { effect });
    this.#line.world.scheduler.after(delayMs, () => this.#settle(undefined, () => this.#sender.reject(error)));
  }

  #settle(why: string | undefined, pass: () => void): void {
    this.#line.process.deliver(() => {
      if (this.#settled) return;
      this.#settled = true;
      this.#stopWaiting();
      if (why !== undefined) this.#note(() => why);
      pass();
    });
  }

  #note(what: () => string): void {
    const operation = this.#operation;
    const told = (): string => `#${this.#number} ${operation.name} ${operation.target()}: ${what()}`;
    this.#line.world.trace.note(this.#line.process.name, told);
  }
}
