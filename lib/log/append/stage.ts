import { concatBytes } from "../../base/bytes.ts";
import { type Call, callWithin } from "../../base/call.ts";
import type { Stamp } from "../../base/ids.ts";
import { stampText } from "../../base/ids.ts";
import { storeCallMsMax, storeUpdateMsMax } from "../../base/limits.ts";
import { randomName } from "../../base/random.ts";
import { itemAbsent, set } from "../../storage/item-change.ts";
import { stagedItemKey } from "../../storage/item-keys.ts";
import type { ItemValue } from "../../storage/item-value.ts";
import { encodeStagedItem } from "../../storage/items/staged-item.ts";
import { type StagedObjectName, stagedObjectKey } from "../../storage/object-keys.ts";
import { stagedHeader } from "../../storage/staged-header.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { stagedItemName, stagedObjectRangeName } from "../read/source-name.ts";

/** Where a group's bytes are before its commit. A stamp at or below the head's horizon means: stage anew. */
export type Staged =
  | { readonly kind: "inline" }
  | { readonly kind: "item"; readonly name: string; readonly stamp: Stamp }
  | { readonly kind: "object"; readonly object: StagedObjectName; readonly position: number; readonly stamp: Stamp };

export interface StagedPart {
  readonly ref: PartitionRef;
  readonly batches: readonly { readonly bytes: Uint8Array }[];
}

/** Writes one partition's batches as an item of their own, under a fresh name. */
export async function stageItem(context: LogContext, part: StagedPart, parent?: Call): Promise<Staged> {
  const stamp = context.stamps.next();
  const name = `${stampText(stamp)}-${randomName(context.runtime.random, 12)}`;
  const bytes = concatBytes(batchesOf(part));
  const item = encodeStagedItem({ topicId: part.ref.topicId, partition: part.ref.partition, bytes });
  const changes = Object.entries(item).map(([attribute, value]) => set([attribute], value as ItemValue));
  const call = callWithin(context.runtime.clock, storeUpdateMsMax, parent);
  await context.items.update(stagedItemKey(name), changes, [itemAbsent], call);
  context.cache.keep({ name: stagedItemName(name), pieces: [bytes] });
  return { kind: "item", name, stamp };
}

/** Writes the batches of several partitions as one object, under a fresh name; answers in the parts' order. */
export async function stageObject(
  context: LogContext,
  parts: readonly StagedPart[],
  sequence: number,
): Promise<readonly Staged[]> {
  const stamp = context.stamps.next();
  const object: StagedObjectName = { stamp, brokerId: context.brokerId, sequence };
  const { header, positions } = stagedHeader(parts.map((part) => ({ ...part.ref, bytes: partBytes(part) })));
  const body = [header, ...parts.flatMap(batchesOf)];
  const key = stagedObjectKey(object);
  await context.objects.put(key, body, callWithin(context.runtime.clock, storeCallMsMax));
  const owners = parts.map(({ ref }) => ref);
  context.stagedOwners.remember(key, owners);
  const rangeName = (index: number): string => stagedObjectRangeName(object, positions[index] as number);
  context.cache.keep(...parts.map((part, index) => ({ name: rangeName(index), pieces: batchesOf(part) })));
  return parts.map((_, index) => ({ kind: "object", object, position: positions[index] as number, stamp }));
}

export function partBytes(part: StagedPart): number {
  return part.batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
}

function batchesOf(part: StagedPart): Uint8Array[] {
  return part.batches.map((batch) => batch.bytes);
}
