import type { Call } from "../../base/call.ts";
import type { Stamp } from "../../base/ids.ts";
import type { ListedObject } from "../../storage/object-store.ts";
import type { LogContext } from "../log-context.ts";
import { checkIncarnation } from "../store-identity.ts";
import { type CollectionPlace, placeAfter } from "./collection-place.ts";
import { findUnreferred } from "./find-unreferred.ts";
import { segmentLedger } from "./segment-ledger.ts";
import { deleteStagedItems, stagedItems } from "./staged-items.ts";
import { stagedLedger } from "./staged-ledger.ts";
import { stagedObjects } from "./staged-objects.ts";
import { topicObjects } from "./topic-objects.ts";

export interface CollectionRules {
  /** The store's, as this broker found it at its start: collecting in any other would delete what that one refers to. */
  readonly incarnation: string;
  /** What bears a younger stamp is left alone. */
  readonly ageMs: number;
  /** Raises no horizon and deletes nothing. */
  readonly dryRun: boolean;
}

/** What a batch, or a whole collection, has done; in a dry run, what it would have deleted. */
export interface Collected {
  readonly objects: number;
  readonly items: number;
  readonly bytes: number;
  /** Old, but still referred to. */
  readonly referred: number;
  /** Left alone: nobody could be found to disown it, or it is damaged, or could not be deleted now. */
  readonly undecided: number;
}

export interface CollectedBatch {
  readonly collected: Collected;
  readonly next: CollectionPlace | undefined;
}

/**
 * One batch of a collection, of bounded size. The collector is the only thing that deletes bytes; any number of them
 * may be at work at once. `StoreFormat` when the stores are not, or no longer, those of the incarnation.
 */
export async function collectBatch(
  context: LogContext,
  rules: CollectionRules,
  place: CollectionPlace,
  call: Call,
): Promise<CollectedBatch> {
  const upTo = (context.runtime.clock.nowMs() - rules.ageMs) as Stamp;
  const batch = await collectAt(context, rules, place, upTo, call);
  if (!rules.dryRun) count(context, batch.collected);
  return batch;
}

function collectAt(
  context: LogContext,
  rules: CollectionRules,
  place: CollectionPlace,
  upTo: Stamp,
  call: Call,
): Promise<CollectedBatch> {
  switch (place.kind) {
    case "objects":
      return collectStagedObjects(context, rules, place, upTo, call);
    case "items":
      return collectStagedItems(context, rules, place, upTo, call);
    case "topics":
      return collectTopicObjects(context, rules, place, upTo, call);
  }
}

/** Before anything is judged, and so before anything is deleted. A batch without candidates needs no look. */
async function checkBefore(
  context: LogContext,
  { incarnation }: CollectionRules,
  candidates: readonly unknown[],
  call: Call,
): Promise<void> {
  if (candidates.length > 0) await checkIncarnation(context, incarnation, call);
}

async function collectStagedObjects(
  context: LogContext,
  rules: CollectionRules,
  place: CollectionPlace & { kind: "objects" },
  upTo: Stamp,
  call: Call,
): Promise<CollectedBatch> {
  const page = await stagedObjects(context, { after: place.after, upTo }, call);
  await checkBefore(context, rules, page.candidates, call);
  const { doomed, referred, undecided } = await findUnreferred(
    context,
    stagedLedger(context),
    page.candidates,
    rules,
    call,
  );
  const deleted = await deleteObjects(context, rules, doomed, call);
  const collected = { ...deleted, items: 0, referred, undecided: page.undecided + undecided + deleted.undecided };
  if (!rules.dryRun) for (const { name } of doomed) context.stagedOwners.forget(name);
  return { collected, next: placeAfter(place, page.next) };
}

async function collectStagedItems(
  context: LogContext,
  rules: CollectionRules,
  place: CollectionPlace & { kind: "items" },
  upTo: Stamp,
  call: Call,
): Promise<CollectedBatch> {
  const page = await stagedItems(context, { shard: place.shard, after: place.after, upTo }, call);
  await checkBefore(context, rules, page.candidates, call);
  const judged = await findUnreferred(context, stagedLedger(context), page.candidates, rules, call);
  const doomed = new Set(judged.doomed);
  const gone = page.candidates.filter((candidate) => doomed.has(candidate));
  if (!rules.dryRun) {
    const names = gone.map(({ item }) => item);
    await deleteStagedItems(context, names, call);
  }
  const { referred } = judged;
  const undecided = page.undecided + judged.undecided;
  const collected = { objects: 0, items: gone.length, bytes: bytesOf(gone), referred, undecided };
  return { collected, next: placeAfter(place, page.next) };
}

async function collectTopicObjects(
  context: LogContext,
  rules: CollectionRules,
  place: CollectionPlace & { kind: "topics" },
  upTo: Stamp,
  call: Call,
): Promise<CollectedBatch> {
  // First of all here: looking for candidates finishes what deletions of topics have left.
  await checkIncarnation(context, rules.incarnation, call);
  const page = await topicObjects(context, { after: place.after, upTo, dryRun: rules.dryRun }, call);
  const judged = await findUnreferred(context, segmentLedger(context), page.candidates, rules, call);
  const gone = await deleteObjects(context, rules, [...judged.doomed, ...page.superseded.map(doomedOf)], call);
  const last = rules.dryRun ? page.tombstones : await aloneOf(context, page.tombstones, call);
  const tombstones = await deleteObjects(context, rules, last.map(doomedOf), call);
  const collected = {
    objects: gone.objects + tombstones.objects,
    items: 0,
    bytes: gone.bytes + tombstones.bytes,
    referred: judged.referred,
    undecided: page.undecided + judged.undecided + gone.undecided + tombstones.undecided,
  };
  return { collected, next: placeAfter(place, page.next) };
}

/** The tombstones whose topics have nothing else left: until then they say that what is there was deleted. */
async function aloneOf(
  context: LogContext,
  tombstones: readonly ListedObject[],
  call: Call,
): Promise<readonly ListedObject[]> {
  const alone: ListedObject[] = [];
  for (const tombstone of tombstones) {
    const folder = tombstone.key.slice(0, tombstone.key.lastIndexOf("/") + 1);
    const { objects } = await context.objects.list(folder, call, { limit: 2 });
    if (objects.length === 1) alone.push(tombstone);
  }
  return alone;
}

interface Doomed {
  readonly name: string;
  readonly bytes: number;
}

function doomedOf({ key, bytes }: ListedObject): Doomed {
  return { name: key, bytes };
}

async function deleteObjects(
  context: LogContext,
  { dryRun }: CollectionRules,
  doomed: readonly Doomed[],
  call: Call,
): Promise<{ objects: number; bytes: number; undecided: number }> {
  if (dryRun || doomed.length === 0) return { objects: doomed.length, bytes: bytesOf(doomed), undecided: 0 };
  const keys = doomed.map(({ name }) => name);
  const { failed } = await context.objects.delete(keys, call);
  const stayed = new Set(failed);
  const gone = doomed.filter(({ name }) => !stayed.has(name));
  return { objects: gone.length, bytes: bytesOf(gone), undecided: stayed.size };
}

function bytesOf(doomed: readonly Doomed[]): number {
  return doomed.reduce((sum, { bytes }) => sum + bytes, 0);
}

function count(context: LogContext, { objects, items, bytes, referred, undecided }: Collected): void {
  const { meter } = context.runtime;
  meter.count("log.collect.batches");
  meter.count("log.collect.objects", objects);
  meter.count("log.collect.items", items);
  meter.count("log.collect.bytes", bytes);
  meter.count("log.collect.referred", referred);
  meter.count("log.collect.undecided", undecided);
}
