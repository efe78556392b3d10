import fc from "fast-check";
import { isLogError } from "../../lib/base/errors.ts";
import type { Change, Condition, TransactPart } from "../../lib/storage/item-change.ts";
import type { ItemStore, Query } from "../../lib/storage/item-store.ts";
import type { Item, ItemKey, ItemValue, Path } from "../../lib/storage/item-value.ts";
import { testCall } from "../support/test-call.ts";

export type Operation =
  | { kind: "update"; key: ItemKey; changes: Change[]; conditions: Condition[] }
  | { kind: "transact"; parts: TransactPart[] }
  | { kind: "get"; key: ItemKey }
  | { kind: "getMany"; keys: ItemKey[] }
  | { kind: "query"; query: Query };

// Few names and values, so that operations meet.
const sks = ["a", "b", "ba", "é", "\uffee", "\u{1f600}"];
const sk = fc.constantFrom(...sks);
const key = fc.record({ pk: fc.constantFrom("p", "q"), sk });
const name = fc.constantFrom("m", "n", "x");
const path: fc.Arbitrary<Path> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Path>(["n"], ["x"], ["m", "n"], ["m", "x"], ["m", "m", "x"]) },
  { weight: 1, arbitrary: fc.array(name, { minLength: 1, maxLength: 3 }) as unknown as fc.Arbitrary<Path> },
);

export interface RandomOperations {
  readonly write: fc.Arbitrary<Operation>;
  readonly read: fc.Arbitrary<Operation>;
}

/** Operations on a few items, with values that hold these numbers. */
export function randomOperations(number: fc.Arbitrary<number>): RandomOperations {
  const leaf = fc.oneof(
    number,
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.boolean(),
    fc.uint8Array({ maxLength: 3 }),
  );
  const { value } = fc.letrec<{ value: ItemValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie("value"), { maxLength: 2 }),
      fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  const item: fc.Arbitrary<Item> = fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true });

  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), path, value }),
    fc.record({ kind: fc.constant("setFrom" as const), path, from: path, plus: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ kind: fc.constant("add" as const), path, by: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ kind: fc.constant("remove" as const), path }),
  );
  const comparable = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.string({ unit: "binary", maxLength: 2 }));
  const condition: fc.Arbitrary<Condition> = fc.oneof(
    fc.constantFrom<Condition>({ kind: "itemExists" }, { kind: "itemAbsent" }),
    fc.record({ kind: fc.constantFrom("exists" as const, "absent" as const), path }),
    fc.record({ kind: fc.constant("equal" as const), path, value }),
    fc.record({ kind: fc.constantFrom("less" as const, "greater" as const), path, value: comparable }),
    fc.record({ kind: fc.constant("sizeLess" as const), path, size: fc.nat(3) }),
  );
  const changes = fc.array(change, { minLength: 1, maxLength: 2 });
  const conditions = fc.array(condition, { maxLength: 2 });
  const part: fc.Arbitrary<TransactPart> = fc.oneof(
    fc.record({ kind: fc.constant("update" as const), key, changes, conditions }),
    fc.record({ kind: fc.constant("put" as const), key, item, conditions }),
    fc.record({ kind: fc.constant("delete" as const), key, conditions }),
    fc.record({
      kind: fc.constant("check" as const),
      key,
      conditions: fc.array(condition, { minLength: 1, maxLength: 2 }),
    }),
  );
  const write: fc.Arbitrary<Operation> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("update" as const), key, changes, conditions }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("transact" as const),
        parts: fc.uniqueArray(part, { minLength: 1, maxLength: 3, selector: (one) => one.key.sk }),
      }),
    },
  );
  const query: fc.Arbitrary<Query> = fc.record(
    { pk: fc.constantFrom("p", "q"), from: sk, to: sk, reverse: fc.boolean(), limit: fc.integer({ min: 1, max: 4 }) },
    { requiredKeys: ["pk"] },
  );
  const read: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ kind: fc.constant("get" as const), key }),
    fc.record({ kind: fc.constant("getMany" as const), keys: fc.array(key, { maxLength: 4 }) }),
    fc.record({ kind: fc.constant("query" as const), query }),
  );
  return { write, read };
}

/** What every sequence starts from, so that most changes fit. */
export const first: readonly TransactPart[] = ["p", "q"].flatMap((pk) =>
  sks.slice(0, 4).map((at) => {
    const start: Item = { n: 1, x: "b", m: { n: 2, x: new Uint8Array([1]), m: {} } };
    return { kind: "put" as const, key: { pk, sk: at }, item: start, conditions: [] };
  }),
);

/** An operation's answer, or the code and effect of its refusal. */
export async function perform(store: ItemStore, operation: Operation): Promise<unknown> {
  try {
    switch (operation.kind) {
      case "update":
        return await store.update(operation.key, operation.changes, operation.conditions, testCall);
      case "transact":
        return await store.transact(operation.parts, testCall);
      case "get":
        return await store.get(operation.key, testCall);
      case "getMany":
        return await store.getMany(operation.keys, testCall);
      case "query":
        return await store.query(operation.query, testCall);
    }
  } catch (error) {
    if (!isLogError(error)) throw error;
    return { code: error.code, effect: error.effect };
  }
}

/** All that a store holds. */
export async function everything(store: ItemStore): Promise<unknown> {
  return Promise.all(["p", "q"].map((pk) => store.query({ pk }, testCall)));
}
