import { LogError } from "../../base/errors.ts";
import { equal, itemAbsent } from "../../storage/item-change.ts";
import { GROUP_NAMES_PK, producerIdsKey, restoreKey, storeKey, TOPIC_NAMES_PK } from "../../storage/item-keys.ts";
import { decodeRestoreMark, encodeRestoreMark, RESTORE, type RestoreMark } from "../../storage/items/restore.ts";
import { encodeStoreIdentity } from "../../storage/items/store.ts";
import { putIdentity, readIdentity } from "../identity-object.ts";
import { newIncarnation, STORE_FORMAT } from "../store-identity.ts";
import { type RestoreOptions, RestoreRun } from "./restore-run.ts";

type Stores = ConstructorParameters<typeof RestoreRun>[0];

/**
 * Begins a restore, or goes on with one that was interrupted: a mark in the items, then the next incarnation in the
 * object store, by an object that is put once. From there on whoever works with the lost items' incarnation finds
 * that the object store has moved on. Refused with `StoreFormat` when the item store holds a log.
 */
export async function beginRestore(stores: Stores, options: RestoreOptions): Promise<RestoreRun> {
  const probe = new RestoreRun(stores, options, { incarnation: "", generation: 0 });
  await checkEmpty(probe);
  const given = await readIdentity(stores.objects, probe.newCall());
  if (given === undefined) throw notOurs();
  if (given.format > STORE_FORMAT) {
    throw new LogError("StoreFormat", `the store has format ${given.format}, this version knows ${STORE_FORMAT}`);
  }
  const mark = await markOf(probe, given);
  const proposed = { ...mark, format: STORE_FORMAT };
  await putIdentity(stores.objects, proposed, probe.newCall());
  const run = new RestoreRun(stores, options, mark);
  await checkCurrent(run);
  return run;
}

/** The mark to go on with, or a new one for the next generation. */
async function markOf(
  run: RestoreRun,
  given: { readonly incarnation: string; readonly generation: number },
): Promise<RestoreMark> {
  const item = await run.items.get(restoreKey, run.newCall());
  const known = item === undefined ? undefined : decodeRestoreMark(item);
  // A generation that somebody else has taken was never ours: nothing has been restored under it.
  if (known !== undefined && (known.generation > given.generation || known.incarnation === given.incarnation)) {
    return known;
  }
  const mark = { incarnation: newIncarnation(run.options.runtime), generation: given.generation + 1 };
  const conditions = known === undefined ? [itemAbsent] : [equal(RESTORE.incarnation, known.incarnation)];
  const put = { kind: "put", key: restoreKey, item: encodeRestoreMark(mark), conditions } as const;
  const outcome = await run.items.transact([put], run.newCall());
  if (!outcome.ok) throw takenOver();
  return mark;
}

/** The last step: the item store gets its identity, and brokers may start. */
export async function finishRestore(run: RestoreRun): Promise<void> {
  await checkCurrent(run);
  const { incarnation } = run;
  const identity = encodeStoreIdentity({ incarnation, format: STORE_FORMAT });
  const outcome = await run.items.transact(
    [
      { kind: "put", key: storeKey, item: identity, conditions: [itemAbsent] },
      { kind: "delete", key: restoreKey, conditions: [equal(RESTORE.incarnation, incarnation)] },
    ],
    run.newCall(),
  );
  if (!outcome.ok) throw takenOver();
}

async function checkCurrent(run: RestoreRun): Promise<void> {
  const current = await readIdentity(run.objects, run.newCall());
  if (current?.incarnation !== run.incarnation) throw takenOver();
}

/** Whatever a log leaves in its items; what an interrupted restore has left does not count. */
async function checkEmpty(run: RestoreRun): Promise<void> {
  if ((await run.items.get(storeKey, run.newCall())) !== undefined) throw notEmpty();
  if ((await run.items.get(restoreKey, run.newCall())) !== undefined) return;
  const found = [await run.items.get(producerIdsKey, run.newCall())];
  for (const pk of [TOPIC_NAMES_PK, GROUP_NAMES_PK]) {
    const page = await run.items.query({ pk, limit: 1 }, run.newCall());
    found.push(page.items[0]?.item);
  }
  if (found.some((item) => item !== undefined)) throw notEmpty();
}

function notEmpty(): LogError {
  return new LogError("StoreFormat", "the item store is not empty: a restore takes an empty one, and changes no other");
}

function notOurs(): LogError {
  return new LogError("StoreMissing", "the object store holds no log: there is nothing to restore from");
}

function takenOver(): LogError {
  return new LogError(
    "StoreConflict",
    "another restore has taken the object store over: begin with an empty item store",
  );
}
