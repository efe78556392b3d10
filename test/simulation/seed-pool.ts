import { Worker } from "node:worker_threads";
import type { RunResult } from "./simulation.ts";

/** One run, as it is sent to a thread. */
export interface SeedJob {
  readonly seed: number;
  /** A planted bug's name. */
  readonly bug: string | undefined;
  readonly profile: string;
  /** Faults that never fire. */
  readonly without: readonly string[];
}

/** What is kept of a run: a soak has hundreds of thousands. */
export type SeedSummary = Omit<RunResult, "trace" | "story" | "operationsOnLog">;

/** Four times the default: what a run's events hold for a moment dies young instead of being copied on. */
const YOUNG_GENERATION_MB = 192;

interface Waiting {
  readonly job: SeedJob;
  readonly resolve: (summary: SeedSummary) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads that run seeds beside each other. Each run is on one thread, and takes the course that it takes alone. */
export class SeedPool {
  readonly #idle: Worker[] = [];
  readonly #workers: readonly Worker[];
  readonly #waiting: Waiting[] = [];

  constructor(threads: number) {
    const options = { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } };
    const file = new URL("seed-worker.ts", import.meta.url);
    this.#workers = Array.from({ length: threads }, () => new Worker(file, options));
    this.#idle.push(...this.#workers);
  }

  run(job: SeedJob): Promise<SeedSummary> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    const worker = this.#idle.pop();
    if (worker === undefined) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#idle.push(worker);
      return;
    }
    const failed = (error: unknown): void => waiting.reject(error);
    worker.once("error", failed);
    worker.once("message", (summary: SeedSummary) => {
      worker.off("error", failed);
      this.#idle.push(worker);
      waiting.resolve(summary);
      this.#next();
    });
    worker.postMessage(waiting.job);
  }
}
