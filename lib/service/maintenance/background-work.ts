import { callWithin } from "../../base/call.ts";
import type { Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { Maintenance } from "./maintenance.ts";
import type { MaintenanceSchedule } from "./maintenance-schedule.ts";

interface Piece {
  readonly next?: string | undefined;
}

/** A run goes on in pieces of this length, so that no single one outlives the interest in it. */
const PIECE_MS = 60_000;

/**
 * A long-running server's maintenance: one job at a time, at about the given intervals, so that brokers which were
 * started together do not work together. What fails is reported and tried again the next time.
 */
export class BackgroundWork {
  readonly #runtime: Runtime;
  readonly #maintenance: Maintenance;
  readonly #stop = new AbortController();
  readonly #timers = new Set<Timer>();
  #running: Promise<void> = Promise.resolve();

  constructor(runtime: Runtime, maintenance: Maintenance) {
    this.#runtime = runtime;
    this.#maintenance = maintenance;
  }

  start({ retentionEveryMs, rewritingEveryMs, collectionEveryMs }: MaintenanceSchedule): void {
    this.#every(retentionEveryMs, "retention", (after) => this.#maintenance.runRetention({ after }, this.#piece()));
    // Without a deadline: a compaction that is cut off has read for nothing.
    const whole = { deadlineMs: Number.POSITIVE_INFINITY, signal: this.#stop.signal };
    this.#every(rewritingEveryMs, "rewriting", (after) => this.#maintenance.runRewriting({ after }, whole));
    this.#every(collectionEveryMs, "collection", (after) => this.#maintenance.runCollection({ after }, this.#piece()));
  }

  /** Begins no further piece, and waits for the one that runs. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#running;
  }

  #piece() {
    return { ...callWithin(this.#runtime.clock, PIECE_MS), signal: this.#stop.signal };
  }

  #every(everyMs: number, name: string, run: (after: string | undefined) => Promise<Piece>) {
    if (this.#stop.signal.aborted) return;
    const { clock, random } = this.#runtime;
    const timer = clock.startTimer(everyMs * (0.75 + random.fraction() / 2), () => {
      this.#timers.delete(timer);
      this.#running = this.#running.then(() => this.#runWhole(name, run));
      void this.#running.then(() => this.#every(everyMs, name, run));
    });
    this.#timers.add(timer);
  }

  /** Never rejects. */
  async #runWhole(name: string, run: (after: string | undefined) => Promise<Piece>) {
    const { clock, logger, meter } = this.#runtime;
    const startedMs = clock.monotonicMs();
    try {
      for (let after: string | undefined; !this.#stop.signal.aborted; ) {
        const { next, ...done } = await run(after);
        logger.debug(`${name} has run`, { ...done, ...(next === undefined ? {} : { next }) });
        if (next === undefined) break;
        after = next;
      }
    } catch (error) {
      meter.count(`maintenance.${name}.failed`);
      logger.warn(`${name} failed; it is tried again`, { error: messageOf(error) });
    }
    meter.observe(`maintenance.${name}.ms`, clock.monotonicMs() - startedMs);
  }
}
