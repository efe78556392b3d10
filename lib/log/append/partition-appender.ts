import { type Call, callWithin } from "../../base/call.ts";
import { messageOf } from "../../base/errors.ts";
import { serviceCallMsDefault } from "../../base/limits.ts";
import type { Head } from "../../storage/items/head.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { spill } from "../spill.ts";
import { AppendQueue } from "./append-queue.ts";
import { type CommitGroup, type CommitObserver, Committer, type SequenceGap, type TailGrowth } from "./commit-group.ts";
import { moveOutIdleProducers } from "./idle-producers.ts";

/** Entries past the soft limit at which another broker takes over a spill that seems to have been left undone. */
const OVERDUE_ENTRIES = 32;
/** Entries past the soft limit from which brokers slow down, a ms for each, so that the spill gets its turn. */
const CROWDED_ENTRIES = 12;
const PACE_MS_MAX = 50;

/** Told of what happens in any partition of this broker. */
export interface PartitionHooks {
  /** A commit of so many bytes of batches moved the high watermark. */
  appended(ref: PartitionRef, bytes: number): void;
  /** Entries went from the tail to the index. */
  spilled(ref: PartitionRef): void;
}

/** One partition on this broker: commits in order, and keeps its head small. */
export class PartitionAppender implements CommitObserver {
  readonly ref: PartitionRef;
  readonly queue = new AppendQueue();
  readonly #context: LogContext;
  readonly #hooks: PartitionHooks;
  readonly #committer: Committer;
  #spilling: Promise<void> | undefined;
  /** Of batches that this broker has committed since its last spill. */
  #unspilledBytes = 0;
  #movingOut: Promise<void> | undefined;
  #tailOver = 0;

  constructor(context: LogContext, ref: PartitionRef, hooks: PartitionHooks) {
    this.#context = context;
    this.ref = ref;
    this.#hooks = hooks;
    this.#committer = new Committer(context, ref, this);
  }

  get busy(): boolean {
    return this.queue.running || this.#spilling !== undefined || this.#movingOut !== undefined;
  }

  /** Commits after all groups that came before; calls `done` after each group. Never rejects. */
  async commitInOrder(group: CommitGroup, done: (gaps: readonly SequenceGap[]) => void): Promise<void> {
    this.queue.groups.push(group);
    if (this.queue.running) return;
    this.queue.running = true;
    for (let first = this.queue.groups[0]; first !== undefined; first = this.queue.groups[0]) {
      const gaps = await this.#committer.commit(first);
      this.queue.groups.shift();
      done(gaps);
      await this.#pace();
    }
    this.queue.running = false;
  }

  committed(bytes: number, tail: TailGrowth | undefined): void {
    this.#unspilledBytes += bytes;
    this.#hooks.appended(this.ref, bytes);
    if (tail === undefined) return;
    this.#tailOver = tail.count - this.#context.settings.tail.entriesSoftMax;
    if (this.#shouldSpill(tail)) void this.#spillOnce();
  }

  installedProducers(count: number): void {
    if (count > this.#context.settings.producers.softMax) void this.makeProducerRoom();
  }

  makeProducerRoom(): Promise<void> {
    const call = callWithin(this.#context.runtime.clock, serviceCallMsDefault);
    this.#movingOut ??= moveOutIdleProducers(this.#context, this.ref, call)
      .catch((error: unknown) => this.#report("moving idle producers out failed", error))
      .finally(() => {
        this.#movingOut = undefined;
      });
    return this.#movingOut;
  }

  /** Somebody is probably spilling: waits a little, and does it only if nobody has. */
  async makeRoom(head: Head, call: Call): Promise<void> {
    if (this.#spilling !== undefined) return this.#spilling;
    await this.#sleep(PACE_MS_MAX);
    const current = await readHead(this.#context, this.ref, call);
    if (current.tailBase === head.tailBase) await this.#spillOnce(current);
  }

  /** Many brokers on one partition fill its tail faster than one can spill it, unless they give way. */
  async #pace(): Promise<void> {
    if (this.#tailOver <= CROWDED_ENTRIES) return;
    const waitMs = Math.min(this.#tailOver, PACE_MS_MAX);
    this.#tailOver = 0;
    await this.#sleep(waitMs);
  }

  #sleep(aboutMs: number): Promise<void> {
    const { clock, random } = this.#context.runtime;
    return clock.sleep(aboutMs * (0.5 + random.fraction() / 2));
  }

  /**
   * The commit that crosses a soft limit spills, and it alone: brokers learn the counts from their own commits,
   * so only one sees the crossing. If that one died, the next is due a few entries later. A segment's worth of
   * batches is due as well: an index item that names many times that would be rolled in memory at once.
   */
  #shouldSpill(tail: TailGrowth): boolean {
    const { tail: limits, roll, merge } = this.#context.settings;
    const { entriesSoftMax, bytesSoftMax } = limits;
    if (this.#unspilledBytes >= Math.min(roll.bytes, merge.bytes)) return true;
    const over = tail.count - entriesSoftMax;
    const crossedBytes = tail.bytes >= bytesSoftMax && tail.bytes - tail.packedBytes < bytesSoftMax;
    return crossedBytes || (over >= 0 && over % OVERDUE_ENTRIES === 0);
  }

  #spillOnce(seen?: Head): Promise<void> {
    this.#spilling ??= this.#spill(seen).finally(() => {
      this.#spilling = undefined;
    });
    return this.#spilling;
  }

  async #spill(seen?: Head): Promise<void> {
    const call = callWithin(this.#context.runtime.clock, serviceCallMsDefault);
    this.#unspilledBytes = 0;
    try {
      const { tailBase } = await spill(this.#context, this.ref, call, seen);
      this.#committer.tailMoved(tailBase);
      this.#hooks.spilled(this.ref);
    } catch (error) {
      this.#report("spilling a tail failed", error);
    }
  }

  #report(what: string, error: unknown): void {
    this.#context.runtime.logger.warn(what, { ...this.ref, error: messageOf(error) });
  }
}
