import { itemAbsent, less, set } from "../../storage/item-change.ts";
import { producerIdsKey } from "../../storage/item-keys.ts";
import { leapProducerId } from "./leap.ts";
import type { RestoreRun } from "./restore-run.ts";

/** Raises the next producer id above all that were read so far. An interrupted run may have read others: it only grows. */
export async function leapProducerIds(run: RestoreRun): Promise<void> {
  const next = leapProducerId(run.newestProducerId, run.generation);
  const known = await run.items.get(producerIdsKey, run.newCall());
  if (typeof known?.next === "number" && known.next >= next) return;
  const conditions = known === undefined ? [itemAbsent] : [less(["next"], next)];
  await run.items.update(producerIdsKey, [set(["next"], next)], conditions, run.newCall());
}
