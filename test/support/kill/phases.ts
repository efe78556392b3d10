import { AsyncLocalStorage } from "node:async_hooks";
import { intercepted } from "../log/intercepted.ts";

/** What keeps a log in shape, by what a kill can hit. */
export const PHASES = ["spill", "roll", "merge", "compaction", "retention", "collection"] as const;

export type Phase = (typeof PHASES)[number];

interface Job {
  readonly phase: Phase;
  writing: boolean;
}

const WRITES: readonly string[] = ["put", "compose", "delete", "update", "transact"];
const jobs = new AsyncLocalStorage<Job>();

/** Does a piece of work, and prints when it first writes to the stores ("begin roll") and when it is over ("end roll"). */
export function during<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
  const job: Job = { phase, writing: false };
  return jobs.run(job, work).finally(() => {
    if (job.writing) console.log(`end ${phase}`);
  });
}

/** A store whose writes are known to belong to the work that asks for them. */
export function watched<Port extends object>(port: Port): Port {
  return intercepted(port, ({ operation }, proceed) => {
    const job = jobs.getStore();
    if (job !== undefined && !job.writing && WRITES.includes(operation)) {
      job.writing = true;
      console.log(`begin ${job.phase}`);
    }
    return proceed();
  });
}

/** What had begun to write and was not over when the lines end. */
export class PhasesInFlight {
  readonly #counts = new Map<string, number>();

  /** False for a line that tells of no phase. */
  note(line: string): boolean {
    const [verb = "", phase = ""] = line.split(" ");
    if (verb !== "begin" && verb !== "end") return false;
    this.#counts.set(phase, (this.#counts.get(phase) ?? 0) + (verb === "begin" ? 1 : -1));
    return true;
  }

  get phases(): readonly Phase[] {
    return PHASES.filter((phase) => (this.#counts.get(phase) ?? 0) > 0);
  }
}
