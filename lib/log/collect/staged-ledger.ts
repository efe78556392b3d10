import type { Call } from "../../base/call.ts";
import { controlKey, headKey, indexKey } from "../../storage/item-keys.ts";
import { decodeControl } from "../../storage/items/control.ts";
import { decodeEntry, type EntrySource } from "../../storage/items/entry.ts";
import { decodeHead } from "../../storage/items/head.ts";
import { decodeIndexItem } from "../../storage/items/index-item.ts";
import { stagedObjectKey } from "../../storage/object-keys.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { stagedItemName } from "../read/source-name.ts";
import { entriesItemAt } from "../roll/passed-over.ts";
import type { Candidate, Ledger } from "./candidate.ts";
import { raiseHorizon } from "./raise-horizon.ts";

const PAGE_ITEMS = 50;

/**
 * References to staged objects and items: from the entries of a partition's tail, and of its index items that are
 * not rolled yet. Commits make them, and the head's horizon ends that; spills only move them, rolls remove them or,
 * where they are damaged, leave them behind.
 */
export function stagedLedger(context: LogContext): Ledger {
  return {
    referred: (ref, candidates, call) => referredByEntries(context, ref, candidates, call),
    raise: (ref, stamp, call) =>
      raiseHorizon(context, headKey(ref.topicId, ref.partition), { topicId: ref.topicId, stamp }, call),
  };
}

async function referredByEntries(
  context: LogContext,
  ref: PartitionRef,
  candidates: readonly Candidate[],
  call: Call,
): Promise<ReadonlySet<string>> {
  const names = new Set(candidates.map(({ name }) => name));
  const referred = new Set<string>();
  const note = ({ packed }: { readonly packed: Uint8Array }): void => {
    const name = sourceName(decodeEntry(packed).source);
    if (name !== undefined && names.has(name)) referred.add(name);
  };
  // The head before the index: an entry leaves the tail only once the index holds it.
  const item = await context.items.get(headKey(ref.topicId, ref.partition), call);
  // It was there a moment ago: a head that is missing disowns nothing.
  if (item === undefined) return names;
  decodeHead(item).tail.forEach(note);
  for await (const entry of unrolledEntries(context, ref, call)) note(entry);
  // The control after the index: an item leaves those looked at above only once the control names it, or for good.
  const control = await context.items.get(controlKey(ref.topicId, ref.partition), call);
  if (control === undefined) return names;
  for (const base of decodeControl(control).passedOver) {
    (await entriesItemAt(context, ref, base, call))?.entries.forEach(note);
  }
  return referred;
}

/** The entries of the index, the newest item first: what is rolled lies below what is not, but for what is damaged. */
async function* unrolledEntries(
  context: LogContext,
  ref: PartitionRef,
  call: Call,
): AsyncGenerator<{ readonly packed: Uint8Array }> {
  const from = indexKey(ref.topicId, ref.partition, 0);
  let to = indexKey(ref.topicId, ref.partition, Number.MAX_SAFE_INTEGER);
  for (;;) {
    const query = { pk: from.pk, from: from.sk, to: to.sk, reverse: true, limit: PAGE_ITEMS };
    const page = await context.items.query(query, call);
    let lowest = 0;
    for (const { item } of page.items) {
      const decoded = decodeIndexItem(item);
      if (decoded.kind !== "entries") return;
      yield* decoded.entries;
      lowest = decoded.base;
    }
    if (!page.more || lowest === 0) return;
    to = indexKey(ref.topicId, ref.partition, lowest - 1);
  }
}

/** What a source is called among candidates; undefined when its bytes are in the entry itself. */
function sourceName(source: EntrySource): string | undefined {
  switch (source.kind) {
    case "inline":
      return undefined;
    case "item":
      return stagedItemName(source.name);
    case "object":
      return stagedObjectKey(source.object);
  }
}
