import { callWithin } from "../../base/call.ts";
import type { Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Runtime } from "../../base/runtime.ts";
import type { Maintenance } from "./maintenance.ts";
import type { MaintenanceSchedule } from "./maintenance-schedule.ts";

interface Piece {
  readonly next?: string | undefined;
}

interface Job {
  readonly name: string;
  /** Until the next run, ms. */
  pauseMs(): number;
  run(after: string | undefined): Promise<Piece>;
  /** How long the other jobs wait for this one, ms; for its end unless given. */
  readonly othersWaitMs?: number;
}

/** A run goes on in pieces of this length, so that no single one outlives the interest in it. */
const PIECE_MS = 60_000;
/** The compaction of a large log takes hours, and retention is not to wait for it. */
const REWRITING_ALONE_MS = 60_000;

/**
 * A long-running server's maintenance: one job at a time, but for rewriting that takes long, at about the given
 * intervals, so that brokers which were started together do not work together. What fails is reported and tried
 * again the next time.
 */
export class BackgroundWork {
  readonly #runtime: Runtime;
  readonly #maintenance: Maintenance;
  readonly #stop = new AbortController();
  readonly #timers = new Set<Timer>();
  readonly #underWay = new Set<Promise<void>>();
  /** Settles when the next job may begin. */
  #turn: Promise<void> = Promise.resolve();

  constructor(runtime: Runtime, maintenance: Maintenance) {
    this.#runtime = runtime;
    this.#maintenance = maintenance;
  }

  start({ retentionEveryMs, rewritingEveryMs, collectionEveryMs, groupsEveryMs }: MaintenanceSchedule): void {
    const maintenance = this.#maintenance;
    // Without a deadline: a compaction that is cut off has read for nothing.
    const whole = { deadlineMs: Number.POSITIVE_INFINITY, signal: this.#stop.signal };
    const jobs: readonly Job[] = [
      {
        name: "retention",
        pauseMs: () => this.#about(retentionEveryMs),
        run: (after) => maintenance.runRetention({ after }, this.#piece()),
      },
      {
        name: "rewriting",
        pauseMs: () => this.#about(rewritingEveryMs),
        run: (after) => maintenance.runRewriting({ after }, whole),
        othersWaitMs: REWRITING_ALONE_MS,
      },
      {
        name: "collection",
        pauseMs: () => this.#about(collectionEveryMs),
        run: (after) => maintenance.runCollection({ after }, this.#piece()),
      },
      {
        name: "groups",
        pauseMs: () => groupsEveryMs,
        run: (after) => maintenance.runGroups({ after }, this.#piece()),
      },
    ];
    for (const job of jobs) this.#every(job);
  }

  /** Begins no further piece, and waits for those that run. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#turn;
    await Promise.all(this.#underWay);
  }

  #piece() {
    return { ...callWithin(this.#runtime.clock, PIECE_MS), signal: this.#stop.signal };
  }

  #about(everyMs: number): number {
    return everyMs * (0.75 + this.#runtime.random.fraction() / 2);
  }

  #every(job: Job): void {
    if (this.#stop.signal.aborted) return;
    const timer = this.#runtime.clock.startTimer(job.pauseMs(), () => {
      this.#timers.delete(timer);
      const whole = this.#turn.then(() => this.#runWhole(job));
      this.#underWay.add(whole);
      void whole.then(() => {
        this.#underWay.delete(whole);
        this.#every(job);
      });
      this.#turn = job.othersWaitMs === undefined ? whole : this.#atMost(job.othersWaitMs, whole);
    });
    this.#timers.add(timer);
  }

  /** Settles with `whole`, or when it has taken so long since its turn came. */
  #atMost(waitMs: number, whole: Promise<void>): Promise<void> {
    return this.#turn.then(
      () =>
        new Promise((resolve) => {
          const timer = this.#runtime.clock.startTimer(waitMs, resolve);
          void whole.then(() => {
            timer.cancel();
            resolve();
          });
        }),
    );
  }

  /** Never rejects. */
  async #runWhole({ name, run }: Job): Promise<void> {
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
