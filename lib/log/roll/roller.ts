import { callWithin } from "../../base/call.ts";
import type { Timer } from "../../base/clock.ts";
import { isLogError, messageOf } from "../../base/errors.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import { topicKey } from "../../storage/item-keys.ts";
import { decodeTopic } from "../../storage/items/topic.ts";
import { type LogContext, type PartitionRef, partitionName } from "../log-context.ts";
import { spill } from "../spill.ts";
import { type ConfigValues, effectiveConfigs } from "../topics/topic-configs.ts";
import { rollPartition } from "./roll-partition.ts";

interface Unrolled {
  readonly ref: PartitionRef;
  /** Since the last roll by this broker. */
  bytes: number;
  /** When the oldest of them came, on the monotonic clock. */
  sinceMs: number;
  rolling: boolean;
}

/** Partitions with something unrolled that are remembered; beyond it the sweep of a later start finds them. */
const REMEMBERED_MAX = 50_000;
/** Each holds a segment in memory. */
const AT_ONCE = 1;

/**
 * The background work of a long-running broker: a partition it appends to is rolled once enough bytes have
 * gathered, or the oldest of them are old. What it forgets, or leaves undone when it dies, is found again by
 * whichever broker next works on the partition.
 */
export class Roller {
  readonly #context: LogContext;
  readonly #topicDefaults: ConfigValues;
  readonly #unrolled = new Map<string, Unrolled>();
  readonly #running = new Set<Promise<void>>();
  #sweep: Timer | undefined;
  #closed = false;

  /** `topicDefaults` are the server's own defaults of topic configs. */
  constructor(context: LogContext, topicDefaults: ConfigValues) {
    this.#context = context;
    this.#topicDefaults = topicDefaults;
  }

  /** Begins the sweep for what has grown old. */
  start(): void {
    if (this.#closed || this.#sweep !== undefined) return;
    const everyMs = Math.max(1, this.#context.settings.roll.ageMs / 4);
    this.#sweep = this.#context.runtime.clock.startTimer(everyMs, () => {
      this.#sweep = undefined;
      this.#rollOld();
      this.start();
    });
  }

  /** Something was committed to the partition. */
  touched(ref: PartitionRef, bytes: number): void {
    const name = partitionName(ref);
    const known = this.#unrolled.get(name);
    if (known !== undefined) {
      if (known.bytes === 0) known.sinceMs = this.#context.runtime.clock.monotonicMs();
      known.bytes += bytes;
      return;
    }
    if (this.#unrolled.size >= REMEMBERED_MAX) return;
    const sinceMs = this.#context.runtime.clock.monotonicMs();
    this.#unrolled.set(name, { ref, bytes, sinceMs, rolling: false });
  }

  /** Entries went to the index: enough of them make a segment. */
  spilled(ref: PartitionRef): void {
    const known = this.#unrolled.get(partitionName(ref));
    if (known !== undefined && known.bytes >= this.#context.settings.roll.bytes) this.#roll(known, false);
  }

  #rollOld(): void {
    const { ageMs } = this.#context.settings.roll;
    const oldest = this.#context.runtime.clock.monotonicMs() - ageMs;
    for (const unrolled of this.#unrolled.values()) {
      if (this.#running.size >= AT_ONCE) return;
      if (unrolled.sinceMs <= oldest) this.#roll(unrolled, true);
    }
  }

  #roll(unrolled: Unrolled, whole: boolean): void {
    if (this.#closed || unrolled.rolling || this.#running.size >= AT_ONCE) return;
    unrolled.rolling = true;
    const run = this.#rollAll(unrolled, whole).finally(() => {
      unrolled.rolling = false;
      this.#running.delete(run);
    });
    this.#running.add(run);
  }

  /** Never rejects. */
  async #rollAll(unrolled: Unrolled, whole: boolean): Promise<void> {
    const { clock, logger } = this.#context.runtime;
    const { ref } = unrolled;
    try {
      const before = unrolled.bytes;
      const rolled = await this.#rollSegments(ref, whole);
      // In vain: others have rolled it meanwhile. What they left is counted from now on, and found by its age.
      unrolled.bytes -= whole || rolled === 0 ? before : Math.min(rolled, before);
      if (unrolled.bytes === 0 && (whole || rolled > 0)) this.#unrolled.delete(partitionName(ref));
      unrolled.sinceMs = clock.monotonicMs();
    } catch (error) {
      if (isLogError(error, "UnknownTopicOrPartition")) this.#unrolled.delete(partitionName(ref));
      else logger.warn("rolling a partition failed; it stays readable", { ...ref, error: messageOf(error) });
      unrolled.sinceMs = clock.monotonicMs();
    }
  }

  /** Bytes that went into segments; `whole` leaves nothing unrolled that was there when it began. */
  async #rollSegments(ref: PartitionRef, whole: boolean): Promise<number> {
    const { clock } = this.#context.runtime;
    const bytes = await this.#segmentBytes(ref);
    if (whole) await spill(this.#context, ref, callWithin(clock, serviceCallMsDefault));
    const limits = { bytes, olderThan: whole ? Number.MAX_SAFE_INTEGER : 0 };
    let total = 0;
    while (!this.#closed) {
      const rolled = await rollPartition(this.#context, ref, limits, callWithin(clock, serviceCallMsDefault));
      if (rolled === 0) break;
      total += rolled;
    }
    return total;
  }

  /** What makes a segment: as many bytes as are worth it, and no more than the topic wants. */
  async #segmentBytes(ref: PartitionRef): Promise<number> {
    const { items, runtime, settings } = this.#context;
    const item = await items.get(topicKey(ref.topicId), callWithin(runtime.clock, serviceCallMsDefault));
    const configs = item === undefined ? {} : decodeTopic(item).configs;
    return Math.min(settings.roll.bytes, effectiveConfigs(configs, this.#topicDefaults).segmentBytes);
  }

  /** Stops the sweep and waits for what runs. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.cancel();
    await Promise.all(this.#running);
  }
}
