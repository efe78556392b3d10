import type { NamedPartition } from "../lib/aws/roll-partitions.ts";
import { type Call, callWithin } from "../lib/base/call.ts";
import { messageOf } from "../lib/base/errors.ts";
import type { Runtime } from "../lib/base/runtime.ts";

/** Hands partitions to the roller, and does not wait for it. */
export interface RollerFunction {
  invoke(partitions: readonly NamedPartition[], call: Call): Promise<void>;
}

/** Of one partition in one environment, before it asks: four of them together make a segment of 32 MiB. */
const BYTES_EACH = 8 * 1024 * 1024;
/** Spilled commits lie in items of a few KiB until then, which readers go through one by one. */
const COMMITS_EACH = 512;
const PARTITIONS_MAX = 10_000;
/** A request waits for the invocation to be accepted, but not for long: the sweep finds what was not asked for. */
const INVOKE_MS = 1000;

/** Counts what this environment has produced, and asks for a partition to be rolled once that is worth it. */
export class RollRequests {
  readonly #runtime: Runtime;
  readonly #roller: RollerFunction | undefined;
  readonly #gathered = new Map<string, NamedPartition & { bytes: number; commits: number }>();
  #due: NamedPartition[] = [];

  constructor(runtime: Runtime, roller: RollerFunction | undefined) {
    this.#runtime = runtime;
    this.#roller = roller;
  }

  produced({ topic, partition }: NamedPartition, bytes: number): void {
    const name = `${topic}/${partition}`;
    const gathered = this.#gathered.get(name) ?? { topic, partition, bytes: 0, commits: 0 };
    gathered.bytes += bytes;
    gathered.commits++;
    if (gathered.bytes >= BYTES_EACH || gathered.commits >= COMMITS_EACH) {
      this.#gathered.delete(name);
      this.#due.push({ topic, partition });
    } else if (this.#gathered.size < PARTITIONS_MAX) this.#gathered.set(name, gathered);
  }

  /** Never rejects: rolling makes reading cheaper, and nothing depends on it. */
  async send(call: Call): Promise<void> {
    const due = this.#due;
    const roller = this.#roller;
    if (due.length === 0 || roller === undefined) return;
    this.#due = [];
    const { clock, logger } = this.#runtime;
    try {
      await roller.invoke(due, callWithin(clock, INVOKE_MS, call));
    } catch (error) {
      logger.warn("the roller was not invoked; the sweep rolls what is old", { error: messageOf(error) });
    }
  }
}
