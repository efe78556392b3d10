import { type Call, callWithin, remainingMs } from "../../base/call.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { newCommitId } from "../../base/ids.ts";
import { commitAttemptsMax, serviceCallMsDefault, storeUpdateMsMax } from "../../base/limits.ts";
import { hasProducer } from "../../records/batch-header.ts";
import { headKey } from "../../storage/item-keys.ts";
import { type Item, valueAt } from "../../storage/item-value.ts";
import { decodeHead, HEAD, type Head } from "../../storage/items/head.ts";
import type { ProducerBatch } from "../../storage/items/producer-state.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { PartitionView } from "../partition-view.ts";
import { findProducerBatch } from "../read/find-producer-batch.ts";
import { openHead, readHead } from "../read-head.ts";
import { readIdleProducer } from "./idle-producers.ts";
import type { PendingBatch } from "./pending-batch.ts";
import { type CommitPlan, type GroupPlan, planCommit } from "./plan-commit.ts";
import { resolveCommit } from "./resolve-commit.ts";
import type { Staged } from "./stage.ts";

/** Batches of one partition that were staged together and are committed together. */
export interface CommitGroup {
  readonly batches: readonly PendingBatch[];
  readonly staged: Promise<Staged>;
  /** Writes the same batches under a newer stamp, for when the first was overtaken by a horizon. */
  stageAgain(): Promise<Staged>;
}

/** The tail after a commit, and the packed bytes that the commit added to it. */
export interface TailGrowth {
  readonly count: number;
  readonly bytes: number;
  readonly packedBytes: number;
}

/** What the owner of the partition does about a commit's after-effects. */
export interface CommitObserver {
  /** A commit of so many bytes of batches succeeded; what became of the tail is unknown when its answer was lost. */
  committed(bytes: number, tail: TailGrowth | undefined): void;
  installedProducers(count: number): void;
  /** Makes room in a full tail; resolves when there is some, or another attempt makes sense. */
  makeRoom(head: Head, call: Call): Promise<void>;
  /** As `makeRoom`, in a head that holds as many producers as it may. */
  makeProducerRoom(): Promise<void>;
}

/** A batch whose predecessors are missing, and what it is refused with if they do not come. */
export interface SequenceGap {
  readonly batch: PendingBatch;
  readonly error: LogError;
}

/** A duplicate is recognized from memory, which does not know how far retention has come. */
const LOG_START_UNTOLD = -1;

type Attempt = { readonly kind: "committed" | "again" | "unknown" };

/** Commits the groups of one partition, one at a time; keeps the view that spares it reads. */
export class Committer {
  readonly #context: LogContext;
  readonly #ref: PartitionRef;
  readonly #observer: CommitObserver;
  #view: PartitionView | undefined;

  constructor(context: LogContext, ref: PartitionRef, observer: CommitObserver) {
    this.#context = context;
    this.#ref = ref;
    this.#observer = observer;
  }

  /** The tail's first offset moved, by a spill of this broker. */
  tailMoved(tailBase: number): void {
    if (this.#view !== undefined && tailBase > this.#view.tailBase) this.#view.tailBase = tailBase;
  }

  /** Settles or fails every batch of the group, except those it answers with: they wait for a predecessor. */
  async commit(group: CommitGroup): Promise<readonly SequenceGap[]> {
    const open = new Set(group.batches);
    const { clock } = this.#context.runtime;
    const call = callWithin(clock, serviceCallMsDefault);
    try {
      return await this.#commit(group, open, call);
    } catch (error) {
      this.#view = undefined;
      for (const batch of open) batch.fail(error);
      return [];
    }
  }

  async #commit(group: CommitGroup, open: Set<PendingBatch>, call: Call): Promise<readonly SequenceGap[]> {
    let staged = await beforeCommit(group.staged);
    for (let attempt = 0; attempt < commitAttemptsMax; attempt++) {
      this.#failExpired(open);
      if (open.size === 0) return [];
      const remembered = this.#view !== undefined;
      const view = await beforeCommit(this.#currentView(open, call));
      if (staged.kind !== "inline" && staged.stamp <= view.horizon) staged = await beforeCommit(group.stageAgain());
      const plan = this.#plan(group, open, staged, view);
      if (remembered && plan.gaps.length > 0) {
        // The predecessor may long have come by another broker: a look costs less than to stage everything again.
        this.#view = undefined;
        continue;
      }
      refuse(plan, open);
      if (plan.commit !== undefined) {
        const outcome = await this.#attempt(plan.commit, view, open, call);
        if (outcome.kind === "again") continue;
        if (outcome.kind === "unknown") failUnknown(plan, plan.commit, open);
      }
      await this.#settleDuplicates(plan, open, call);
      return this.#takeGaps(plan, open);
    }
    throw new LogError("StoreConflict", "the partition is too busy: the commit lost every race", {
      details: { ...this.#ref, attempts: commitAttemptsMax },
    });
  }

  /** Batches whose caller has stopped waiting are refused while nothing of them can have happened. */
  #failExpired(open: Set<PendingBatch>): void {
    const { clock } = this.#context.runtime;
    for (const batch of open) {
      if (remainingMs(clock, batch.call) > 0 && batch.call.signal?.aborted !== true) continue;
      open.delete(batch);
      batch.fail(new LogError("RequestTimedOut", "the request's time was over before its batch was committed"));
    }
  }

  async #currentView(open: ReadonlySet<PendingBatch>, call: Call): Promise<PartitionView> {
    const view = this.#view ?? this.#learn(await readHead(this.#context, this.#ref, call));
    for (const { header } of open) {
      if (!hasProducer(header) || view.producer(header.producerId) !== undefined) continue;
      const idle = await readIdleProducer(this.#context, this.#ref, header.producerId, call);
      view.learnOutside(header.producerId, idle);
    }
    return view;
  }

  #learn(head: Head): PartitionView {
    const view = new PartitionView(head);
    if (this.#view !== undefined) view.carryOver(this.#view);
    this.#view = view;
    return view;
  }

  #plan(group: CommitGroup, open: ReadonlySet<PendingBatch>, staged: Staged, view: PartitionView): GroupPlan {
    const { stamps, runtime, settings } = this.#context;
    const dropped = new Set(group.batches.filter((batch) => !open.has(batch)));
    const id = newCommitId(stamps.next(), runtime.random);
    return planCommit({
      ref: this.#ref,
      view,
      batches: group.batches,
      dropped,
      staged,
      id,
      tail: settings.tail,
      producersHardMax: settings.producers.hardMax,
    });
  }

  async #attempt(plan: CommitPlan, view: PartitionView, open: Set<PendingBatch>, call: Call): Promise<Attempt> {
    const { items, runtime } = this.#context;
    const key = headKey(this.#ref.topicId, this.#ref.partition);
    // Before the attempt: a spill of this broker may move the view's tail base past what the attempt leaves.
    const { tailBase } = view;
    runtime.meter.count("log.commit");
    try {
      const within = callWithin(runtime.clock, storeUpdateMsMax, call);
      const outcome = await items.update(key, plan.changes, plan.conditions, within);
      if (!outcome.ok) return await this.#refused(plan, outcome.current, open, call);
      this.#committed(plan, view, outcome.changed, open);
      return { kind: "committed" };
    } catch (error) {
      if (!isLogError(error) || error.effect === "none") throw error;
      return this.#resolve(plan, tailBase, open, call);
    }
  }

  #committed(plan: CommitPlan, view: PartitionView, changed: Item, open: Set<PendingBatch>): void {
    const base = numberAt(changed, HEAD.base(plan.id));
    const next = numberAt(changed, HEAD.next);
    for (const [id, { stored, state }] of plan.producers) {
      view.committed(id, { stored, state: { ...state, batches: exactBatches(plan, id, state.batches, base) } });
    }
    view.next = next;
    settle(plan, base, numberAt(changed, HEAD.logStart), open);
    const tail = { count: numberAt(changed, HEAD.tailCount), bytes: numberAt(changed, HEAD.tailBytes) };
    this.#observer.committed(plan.batchBytes, { ...tail, packedBytes: plan.packedBytes });
    const producers = valueAt(changed, HEAD.producerCount);
    if (typeof producers === "number") this.#observer.installedProducers(producers);
  }

  /** The answer brought the head: it tells what stood in the way. */
  async #refused(plan: CommitPlan, current: Item | undefined, open: Set<PendingBatch>, call: Call): Promise<Attempt> {
    this.#context.runtime.meter.count("log.commit.refused");
    const own = current === undefined ? undefined : decodeHead(current).tail.find((entry) => entry.id === plan.id);
    const head = own === undefined ? openHead(this.#context, this.#ref, current) : undefined;
    if (own !== undefined) {
      this.#view = undefined;
      settle(plan, own.base, 0, open);
      this.#observer.committed(plan.batchBytes, undefined);
      return { kind: "committed" };
    }
    if (head === undefined) return { kind: "again" };
    this.#learn(head);
    const { tail, producers } = this.#context.settings;
    if (head.producerCount >= producers.hardMax) {
      await this.#observer.makeProducerRoom();
      this.#view = undefined;
    }
    if (head.tailCount >= tail.entriesHardMax || head.tailBytes >= tail.bytesHardMax) {
      this.#context.runtime.meter.count("log.commit.full");
      await this.#observer.makeRoom(head, call);
      this.#view = undefined;
    }
    return { kind: "again" };
  }

  async #resolve(plan: CommitPlan, tailBase: number, open: Set<PendingBatch>, call: Call): Promise<Attempt> {
    const { meter } = this.#context.runtime;
    meter.count("log.commit.ambiguous");
    this.#view = undefined;
    try {
      const fate = await resolveCommit(this.#context, this.#ref, { id: plan.id, tailBase }, call);
      meter.count(`log.commit.fate.${fate.kind}`);
      if (fate.kind === "dead") return { kind: "again" };
      if (fate.kind === "committed") {
        settle(plan, fate.base, fate.logStart, open);
        this.#observer.committed(plan.batchBytes, undefined);
      }
      return { kind: fate.kind };
    } catch (error) {
      if (!isLogError(error)) throw error;
      return { kind: "unknown" };
    }
  }

  async #settleDuplicates(plan: GroupPlan, open: Set<PendingBatch>, call: Call): Promise<void> {
    for (const { batch, earlier } of plan.duplicates) {
      if (!open.has(batch)) continue;
      const baseOffset = await this.#offsetOf(batch, earlier, call);
      open.delete(batch);
      batch.settle({ baseOffset, logStart: LOG_START_UNTOLD, duplicate: true });
    }
  }

  async #offsetOf(batch: PendingBatch, earlier: ProducerBatch, call: Call): Promise<number> {
    if (earlier.exact) return earlier.offset;
    const { producerId, producerEpoch, baseSequence } = batch.header;
    const wanted = { id: producerId, epoch: producerEpoch, baseSequence };
    return (await findProducerBatch(this.#context, this.#ref, wanted, earlier.offset, call)) ?? -1;
  }

  /** They are decided anew on a fresh look at the head: the predecessor may come by another broker. */
  #takeGaps(plan: GroupPlan, open: Set<PendingBatch>): readonly SequenceGap[] {
    if (plan.gaps.length > 0) this.#view = undefined;
    for (const { batch } of plan.gaps) open.delete(batch);
    return plan.gaps;
  }
}

/** What fails while no commit is under way has appended nothing, even if it may have staged something. */
async function beforeCommit<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isLogError(error) ? error.withEffect("none") : error;
  }
}

function refuse(plan: GroupPlan, open: Set<PendingBatch>): void {
  for (const { batch, error } of plan.refused) {
    open.delete(batch);
    batch.fail(error);
  }
}

function settle(plan: CommitPlan, base: number, logStart: number, open: Set<PendingBatch>): void {
  for (const { batch, delta } of plan.batches) {
    open.delete(batch);
    batch.settle({ baseOffset: base + delta, logStart, duplicate: false });
  }
}

/** A duplicate of one of the commit's own producers may be a copy of what the commit has left unknown. */
function failUnknown(plan: GroupPlan, commit: CommitPlan, open: Set<PendingBatch>): void {
  const copies = plan.duplicates.filter(({ batch }) => commit.producers.has(batch.header.producerId));
  const message = "the store did not say whether the batch was committed, and it could not be found out";
  for (const { batch } of [...commit.batches, ...copies]) {
    open.delete(batch);
    batch.fail(new LogError("OutcomeUnknown", message, { effect: "unknown" }));
  }
}

/** The newest batches of a producer are those of this commit: now their offsets are known. */
function exactBatches(
  plan: CommitPlan,
  producerId: number,
  batches: readonly ProducerBatch[],
  base: number,
): readonly ProducerBatch[] {
  const own = plan.batches.filter(({ batch }) => batch.header.producerId === producerId).reverse();
  return batches.map((batch, index) => {
    const planned = own[index];
    return planned === undefined ? batch : { records: batch.records, offset: base + planned.delta, exact: true };
  });
}

function numberAt(item: Item, path: Parameters<typeof valueAt>[1]): number {
  const value = valueAt(item, path);
  if (typeof value !== "number")
    throw new LogError("CorruptItem", `the store's answer lacks ${path.join(".")}`, { effect: "unknown" });
  return value;
}
