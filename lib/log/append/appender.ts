import { callWithin } from "../../base/call.ts";
import type { Timer } from "../../base/clock.ts";
import { LogError } from "../../base/errors.ts";
import { commitProducersMax, entryBatchesMax } from "../../base/limits.ts";
import { type LogContext, type PartitionRef, partitionName } from "../log-context.ts";
import type { CommitGroup, SequenceGap } from "./commit-group.ts";
import { GapRoom } from "./gap-room.ts";
import { PartitionAppender, type PartitionHooks } from "./partition-appender.ts";
import type { PendingBatch } from "./pending-batch.ts";
import { type Placement, type PlacementKind, placementOf } from "./placement.ts";
import { type Staged, type StagedPart, stageItem, stageObject } from "./stage.ts";

/**
 * The broker's produce path: gathers batches by partition, writes those of one flush that are too large for
 * their heads into one staged object, and hands them to each partition's committer in order. While one flush is
 * being put or committed, the next gathers: the busier the log, the larger the groups.
 */
export class Appender {
  readonly #context: LogContext;
  readonly #hooks: PartitionHooks;
  readonly #partitions = new Map<string, PartitionAppender>();
  readonly #waiting = new Set<PartitionAppender>();
  readonly #gapRooms = new Map<string, GapRoom>();
  #pendingBytes = 0;
  #stagingPuts = 0;
  #stagedObjects = 0;
  #flushTimer: Timer | undefined;
  #flushScheduled = false;

  constructor(context: LogContext, hooks: PartitionHooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  /** Queues a checked batch; it is settled or failed later. Batches of one call stack share a flush. */
  append(ref: PartitionRef, batch: PendingBatch): void {
    const bytes = batch.bytes.byteLength;
    if (this.#pendingBytes + bytes > this.#context.settings.pendingBytesMax) {
      batch.fail(
        new LogError("Overloaded", "the broker has as many bytes under way as it takes on", { retryAfterMs: 200 }),
      );
      return;
    }
    this.#pendingBytes += bytes;
    this.#enqueue(
      this.#partition(ref),
      released(batch, () => (this.#pendingBytes -= bytes)),
    );
  }

  /** Bytes that have been taken on and not been answered for. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  #partition(ref: PartitionRef): PartitionAppender {
    const name = partitionName(ref);
    let partition = this.#partitions.get(name);
    if (partition === undefined) {
      this.#forgetIdle();
      partition = new PartitionAppender(this.#context, ref, this.#hooks);
      this.#partitions.set(name, partition);
    }
    return partition;
  }

  /** What a partition's appender remembers only saves reads: the number of those kept is bounded. */
  #forgetIdle(): void {
    const { partitionsRememberedMax } = this.#context.settings;
    if (this.#partitions.size <= partitionsRememberedMax) return;
    for (const [name, partition] of this.#partitions) {
      if (this.#partitions.size <= partitionsRememberedMax / 2) return;
      if (partition.queue.idle && !partition.busy) this.#partitions.delete(name);
    }
  }

  #enqueue(partition: PartitionAppender, batch: PendingBatch): void {
    partition.queue.add(batch, this.#context.runtime.clock.monotonicMs());
    this.#waiting.add(partition);
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    const { lingerMs } = this.#context.settings;
    if (lingerMs > 0) {
      this.#flushTimer ??= this.#context.runtime.clock.startTimer(lingerMs, () => {
        this.#flushTimer = undefined;
        this.#flush();
      });
      return;
    }
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  /** Turns what waits into groups, as far as each partition's order and the puts under way allow. */
  #flush(): void {
    const { settings } = this.#context;
    let forObject: { partition: PartitionAppender; batches: PendingBatch[] }[] = [];
    let objectBytes = 0;
    const placement = this.#placement();
    for (const partition of this.#waiting) {
      const { queue } = partition;
      const kind = placement(queue.pendingBytes);
      // A group in the making overlaps the commit before it only when it has something to stage meanwhile.
      if (queue.groups.length > (kind === "object" ? 1 : 0)) continue;
      const puts = this.#stagingPuts + (forObject.length > 0 ? 1 : 0);
      const fits = objectBytes + queue.pendingBytes <= settings.stagedObjectBytesMax;
      if (kind === "object" && puts >= settings.stagingPutsMax && !(forObject.length > 0 && fits)) continue;
      const batches = queue.take({
        bytes: settings.stagedObjectBytesMax,
        batches: entryBatchesMax,
        producers: commitProducersMax,
      });
      // What is left waits behind the others: a busy partition does not take every turn.
      this.#waiting.delete(partition);
      if (queue.pending.length > 0) this.#waiting.add(partition);
      const bytes = batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
      if (kind !== "object") {
        this.#run(partition, this.#smallGroup(partition.ref, batches, placement(bytes)));
        continue;
      }
      if (forObject.length > 0 && objectBytes + bytes > settings.stagedObjectBytesMax) {
        this.#putObject(forObject);
        forObject = [];
        objectBytes = 0;
      }
      forObject.push({ partition, batches });
      objectBytes += bytes;
    }
    if (forObject.length > 0) this.#putObject(forObject);
  }

  /** By what could become a group at this moment. */
  #placement(): Placement {
    const free = [...this.#waiting].filter(({ queue }) => queue.groups.length === 0);
    return placementOf(
      this.#context.settings.placement,
      free.map(({ queue }) => queue.pendingBytes),
    );
  }

  #smallGroup(ref: PartitionRef, batches: readonly PendingBatch[], kind: PlacementKind): CommitGroup {
    const part: StagedPart = { ref, batches };
    if (kind === "inline") {
      const staged: Promise<Staged> = Promise.resolve({ kind: "inline" });
      return { batches, staged, stageAgain: () => staged };
    }
    const stage = (): Promise<Staged> => stageItem(this.#context, part);
    return { batches, staged: caught(stage()), stageAgain: stage };
  }

  #putObject(parts: readonly { partition: PartitionAppender; batches: PendingBatch[] }[]): void {
    const stagedParts = parts.map(({ partition, batches }) => ({ ref: partition.ref, batches }));
    this.#stagingPuts++;
    this.#context.runtime.meter.count("log.stage.object");
    const put = stageObject(this.#context, stagedParts, this.#stagedObjects++).finally(() => {
      this.#stagingPuts--;
      this.#flushSoon();
    });
    for (const [index, { partition, batches }] of parts.entries()) {
      const part = stagedParts[index] as StagedPart;
      const staged = caught(put.then((all) => all[index] as Staged));
      const stageAgain = async (): Promise<Staged> => {
        const [again] = await stageObject(this.#context, [part], this.#stagedObjects++);
        return again as Staged;
      };
      this.#run(partition, { batches, staged, stageAgain });
    }
  }

  #run(partition: PartitionAppender, group: CommitGroup): void {
    void partition.commitInOrder(group, (gaps) => this.#groupDone(partition, gaps));
  }

  #groupDone(partition: PartitionAppender, gaps: readonly SequenceGap[]): void {
    const room = this.#gapRooms.get(partitionName(partition.ref));
    room?.committed();
    if (room?.empty && gaps.length === 0) this.#gapRooms.delete(partitionName(partition.ref));
    for (const gap of gaps) this.#gapRoom(partition.ref).add(gap);
    if (partition.queue.pending.length > 0) this.#flushSoon();
  }

  #gapRoom(ref: PartitionRef): GapRoom {
    const name = partitionName(ref);
    let room = this.#gapRooms.get(name);
    if (room === undefined) {
      room = new GapRoom(this.#context, ref, (batch) => this.#enqueue(this.#partition(ref), batch));
      this.#gapRooms.set(name, room);
    }
    return room;
  }

  /** Resolves once nothing is under way, or the time is over. */
  async drain(timeoutMs: number): Promise<void> {
    const { clock } = this.#context.runtime;
    const call = callWithin(clock, timeoutMs);
    while (this.#pendingBytes > 0 && clock.monotonicMs() < call.deadlineMs) await clock.sleep(5);
  }
}

/** The same batch, which also gives back its share of the budget, once. */
function released(batch: PendingBatch, release: () => void): PendingBatch {
  let open = true;
  const once = (): boolean => {
    if (!open) return false;
    open = false;
    release();
    return true;
  };
  return {
    bytes: batch.bytes,
    header: batch.header,
    call: batch.call,
    gapSinceMs: batch.gapSinceMs,
    settle: (appended) => once() && batch.settle(appended),
    fail: (error) => once() && batch.fail(error),
  };
}

/** Whoever awaits it sees the failure; nobody awaiting it yet is no unhandled rejection. */
function caught<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
