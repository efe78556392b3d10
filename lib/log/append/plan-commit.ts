import { concatBytes } from "../../base/bytes.ts";
import { LogError } from "../../base/errors.ts";
import { type CommitId, commitStamp, type Stamp } from "../../base/ids.ts";
import { hasProducer } from "../../records/batch-header.ts";
import { absent, add, type Change, type Condition, equal, less, set, setFrom } from "../../storage/item-change.ts";
import { type Entry, type EntryBatch, type EntrySource, encodeEntry } from "../../storage/items/entry.ts";
import { HEAD } from "../../storage/items/head.ts";
import { encodeProducerState, type ProducerBatch, type ProducerState } from "../../storage/items/producer-state.ts";
import type { PartitionRef } from "../log-context.ts";
import type { LogSettings } from "../log-settings.ts";
import type { PartitionView } from "../partition-view.ts";
import { decideProducer } from "./decide-producer.ts";
import type { PendingBatch } from "./pending-batch.ts";
import type { Staged } from "./stage.ts";

export interface PlannedBatch {
  readonly batch: PendingBatch;
  /** Its first offset, from the commit's base. */
  readonly delta: number;
}

/** One update of the head. */
export interface CommitPlan {
  readonly id: CommitId;
  readonly conditions: readonly Condition[];
  readonly changes: readonly Change[];
  readonly batches: readonly PlannedBatch[];
  readonly producers: ReadonlyMap<number, { readonly stored: Uint8Array; readonly state: ProducerState }>;
  readonly packedBytes: number;
  readonly batchBytes: number;
}

/** What becomes of each batch of a group, as far as the view tells. */
export interface GroupPlan {
  readonly commit: CommitPlan | undefined;
  readonly duplicates: readonly { readonly batch: PendingBatch; readonly earlier: ProducerBatch }[];
  readonly refused: readonly { readonly batch: PendingBatch; readonly error: LogError }[];
  /** Wait for a predecessor that may be on its way. */
  readonly gaps: readonly { readonly batch: PendingBatch; readonly error: LogError }[];
}

export interface PlanInput {
  readonly ref: PartitionRef;
  readonly view: PartitionView;
  readonly batches: readonly PendingBatch[];
  /** Batches of the staged bytes that are not to be committed any more: passed over, in their places. */
  readonly dropped: ReadonlySet<PendingBatch>;
  readonly staged: Staged;
  readonly id: CommitId;
  readonly tail: LogSettings["tail"];
  /** Producers that a head may hold before it takes no further one. */
  readonly producersHardMax: number;
}

/** Decides a group against the view, and makes the one update that commits what can be. Pure. */
export function planCommit(input: PlanInput): GroupPlan {
  const sorted = sortBatches(input);
  const commit = sorted.taken.length === 0 ? undefined : commitPlan(input, sorted.taken, sorted.producers);
  return { commit, duplicates: sorted.duplicates, refused: sorted.refused, gaps: sorted.gaps };
}

function sortBatches(input: PlanInput) {
  const { view } = input;
  const at = { stamp: commitStamp(input.id), offsetFloor: view.next };
  const producers = new Map<number, ProducerState>();
  const taken: PendingBatch[] = [];
  const duplicates: { batch: PendingBatch; earlier: ProducerBatch }[] = [];
  const refused: { batch: PendingBatch; error: LogError }[] = [];
  const gaps: { batch: PendingBatch; error: LogError }[] = [];
  for (const batch of input.batches) {
    if (input.dropped.has(batch)) continue;
    const { header } = batch;
    if (!hasProducer(header)) {
      taken.push(batch);
      continue;
    }
    const id = header.producerId;
    const state = producers.get(id) ?? view.producer(id)?.state;
    const claim = { epoch: header.producerEpoch, baseSequence: header.baseSequence, records: header.recordCount };
    const decision = decideProducer(state, claim, at);
    switch (decision.kind) {
      case "append":
        producers.set(id, decision.state);
        taken.push(batch);
        break;
      case "duplicate":
        duplicates.push({ batch, earlier: decision.batch });
        break;
      case "gap":
        gaps.push({ batch, error: sequenceError(decision.code, batch, state) });
        break;
      case "refused":
        refused.push({ batch, error: sequenceError(decision.code, batch, state) });
        break;
    }
  }
  return { taken, duplicates, refused, gaps, producers };
}

function commitPlan(
  input: PlanInput,
  taken: readonly PendingBatch[],
  states: ReadonlyMap<number, ProducerState>,
): CommitPlan {
  const { view, staged, id, tail, ref } = input;
  const packed = encodeEntry(entryOf(input, taken));
  const batches: PlannedBatch[] = [];
  let records = 0;
  let bytes = 0;
  for (const batch of taken) {
    batches.push({ batch, delta: records });
    records += batch.header.recordCount;
    bytes += batch.bytes.byteLength;
  }
  const stamp = staged.kind === "inline" ? commitStamp(id) : (Math.min(commitStamp(id), staged.stamp) as Stamp);
  const conditions: Condition[] = [
    equal(HEAD.topicId, ref.topicId),
    equal(HEAD.state, "open"),
    equal(HEAD.epoch, view.epoch),
    less(HEAD.horizon, stamp),
    absent(HEAD.entry(id)),
    less(HEAD.tailCount, tail.entriesHardMax),
    less(HEAD.tailBytes, tail.bytesHardMax),
  ];
  const changes: Change[] = [
    set(HEAD.entry(id), packed),
    setFrom(HEAD.base(id), HEAD.next, 0),
    setFrom(HEAD.next, HEAD.next, records),
    add(HEAD.tailCount, 1),
    add(HEAD.tailBytes, packed.byteLength),
    add(HEAD.bytes, bytes),
    // Changes nothing: so that the answer tells the log start of that moment, which retention may have moved.
    setFrom(HEAD.logStart, HEAD.logStart, 0),
  ];
  const producers = producerChanges(input, states, conditions, changes);
  return { id, conditions, changes, batches, producers, packedBytes: packed.byteLength, batchBytes: bytes };
}

function producerChanges(
  { view, producersHardMax }: PlanInput,
  states: ReadonlyMap<number, ProducerState>,
  conditions: Condition[],
  changes: Change[],
): CommitPlan["producers"] {
  const producers = new Map<number, { stored: Uint8Array; state: ProducerState }>();
  let installed = 0;
  for (const [producerId, state] of states) {
    const before = view.producer(producerId)?.stored;
    if (before === undefined) {
      installed++;
      conditions.push(absent(HEAD.producer(producerId)));
    } else conditions.push(equal(HEAD.producer(producerId), before));
    const stored = encodeProducerState(state);
    changes.push(set(HEAD.producer(producerId), stored));
    producers.set(producerId, { stored, state });
  }
  if (installed > 0) {
    // A producer moved out since the view was read has left an item that nobody has looked at yet.
    conditions.push(equal(HEAD.spills, view.spills), less(HEAD.producerCount, producersHardMax));
    changes.push(add(HEAD.producerCount, installed));
  }
  return producers;
}

function entryOf(input: PlanInput, taken: readonly PendingBatch[]): Entry {
  const batches: EntryBatch[] = [];
  let skippedBytes = 0;
  let records = 0;
  let maxTimestamp = -1;
  const included = new Set(taken);
  for (const batch of input.batches) {
    if (!included.has(batch)) {
      if (input.staged.kind !== "inline") skippedBytes += batch.bytes.byteLength;
      continue;
    }
    const { header } = batch;
    const producer = hasProducer(header)
      ? { id: header.producerId, epoch: header.producerEpoch, baseSequence: header.baseSequence }
      : undefined;
    batches.push({ skippedBytes, bytes: batch.bytes.byteLength, records: header.recordCount, producer });
    skippedBytes = 0;
    records += header.recordCount;
    maxTimestamp = Math.max(maxTimestamp, header.maxTimestamp);
  }
  return { epoch: input.view.epoch, records, maxTimestamp, batches, source: sourceOf(input.staged, taken) };
}

function sourceOf(staged: Staged, taken: readonly PendingBatch[]): EntrySource {
  switch (staged.kind) {
    case "inline":
      return { kind: "inline", bytes: concatBytes(taken.map((batch) => batch.bytes)) };
    case "item":
      return { kind: "item", name: staged.name };
    case "object":
      return { kind: "object", object: staged.object, position: staged.position };
  }
}

function sequenceError(code: LogError["code"], batch: PendingBatch, state: ProducerState | undefined): LogError {
  const { producerId, producerEpoch, baseSequence } = batch.header;
  const known =
    state === undefined ? "nothing is known of it" : `its last was ${state.lastSequence} of epoch ${state.epoch}`;
  return new LogError(
    code,
    `producer ${producerId} sent sequence ${baseSequence} of epoch ${producerEpoch}, but ${known}`,
    {
      details: { producerId, producerEpoch, baseSequence, lastSequence: state?.lastSequence, epoch: state?.epoch },
    },
  );
}
