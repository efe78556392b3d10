import { invalidRequest } from "./invalid-request.ts";
import type { Change, Condition, TransactPart } from "./item-change.ts";
import {
  expressionBytesMax,
  expressionOperatorsMax,
  getManyKeysMax,
  itemDepthMax,
  partitionKeyBytesMax,
  queryItemsMax,
  sortKeyBytesMax,
  transactPartsMax,
} from "./item-limits.ts";
import { textBytes } from "./item-size.ts";
import type { Query } from "./item-store.ts";
import type { ItemKey, Path } from "./item-value.ts";
import { checkName } from "./owned-value.ts";

/** Refuses a key that some store cannot hold. */
export function checkKey(key: ItemKey): void {
  checkKeyPart("partition key", key.pk, partitionKeyBytesMax);
  checkKeyPart("sort key", key.sk, sortKeyBytesMax);
}

export function checkKeys(keys: readonly ItemKey[]): void {
  if (keys.length > getManyKeysMax)
    throw invalidRequest(`${keys.length} keys, at most ${getManyKeysMax} are read at once`);
  for (const key of keys) checkKey(key);
}

export function checkQuery(query: Query): void {
  checkKeyPart("partition key", query.pk, partitionKeyBytesMax);
  const limit = query.limit ?? queryItemsMax;
  if (!Number.isInteger(limit) || limit < 1 || limit > queryItemsMax) {
    throw invalidRequest(`limit ${limit} is not from 1 to ${queryItemsMax}`);
  }
}

/** Refuses changes and conditions that break the rules of `item-change.ts` whatever the item holds. */
export function checkUpdate(key: ItemKey, changes: readonly Change[], conditions: readonly Condition[]): void {
  checkKey(key);
  if (changes.length === 0) throw invalidRequest("an update without changes");
  for (const change of changes) {
    checkPath(change.path);
    if (change.kind === "setFrom") checkPath(change.from);
  }
  checkOverlap(changes);
  checkExpression("changes", changes.length, changes.map(changeCost));
  checkConditions(conditions);
}

export function checkTransact(parts: readonly TransactPart[]): void {
  if (parts.length === 0 || parts.length > transactPartsMax) {
    throw invalidRequest(`${parts.length} parts, a transaction has 1 to ${transactPartsMax}`);
  }
  const named = new Set<string>();
  for (const part of parts) {
    checkPart(part);
    const name = JSON.stringify([part.key.pk, part.key.sk]);
    if (named.has(name)) throw invalidRequest(`two parts of a transaction name ${name}`);
    named.add(name);
  }
}

function checkPart(part: TransactPart): void {
  if (part.kind === "update") {
    checkUpdate(part.key, part.changes, part.conditions);
    return;
  }
  checkKey(part.key);
  checkConditions(part.conditions);
  if (part.kind === "check" && part.conditions.length === 0) throw invalidRequest("a check without conditions");
}

function checkConditions(conditions: readonly Condition[]): void {
  for (const condition of conditions) if ("path" in condition) checkPath(condition.path);
  checkExpression("conditions", conditions.length, conditions.map(conditionCost));
}

function checkKeyPart(what: string, text: string, bytesMax: number): void {
  const bytes = textBytes(text);
  if (bytes === 0 || bytes > bytesMax || !text.isWellFormed()) {
    throw invalidRequest(`a ${what} has 1 to ${bytesMax} bytes of UTF-8`, { bytes });
  }
}

function checkPath(path: Path): void {
  if (path.length === 0 || path.length > itemDepthMax) throw invalidRequest(`a path has 1 to ${itemDepthMax} names`);
  for (let depth = 0; depth < path.length; depth++) checkName(path[depth] as string, "a path", depth);
}

/** A tree of the names changed: a path that ends where another goes on, or ends, overlaps it. */
interface Names extends Map<string, Names | undefined> {}

function checkOverlap(changes: readonly Change[]): void {
  const root: Names = new Map();
  for (const { path } of changes) {
    let names = root;
    for (let depth = 0; depth < path.length; depth++) {
      const name = path[depth] as string;
      const last = depth === path.length - 1;
      if (names.has(name) && (last || names.get(name) === undefined)) {
        throw invalidRequest(`two changes of one update touch ${path.join(".")}`);
      }
      const below: Names = names.get(name) ?? new Map();
      names.set(name, last ? undefined : below);
      names = below;
    }
  }
}

interface Cost {
  readonly bytes: number;
  readonly operators: number;
}

/** Names and values are written as placeholders of at most four characters: `#123`, `:123`. */
const PLACEHOLDER_BYTES = 4;
/** `SET `, `REMOVE ` and the like, once. */
const CLAUSES_BYTES = 16;

/** Bytes and operators as DynamoDB counts them, rounded up: the adapter's expression is never larger. */
function checkExpression(what: string, count: number, costs: readonly Cost[]): void {
  let bytes = CLAUSES_BYTES;
  let operators = 0;
  for (const cost of costs) {
    bytes += cost.bytes;
    operators += cost.operators;
  }
  if (bytes > expressionBytesMax || operators > expressionOperatorsMax) {
    throw invalidRequest(`${count} ${what} are more than one expression holds`, { bytes, operators });
  }
}

function pathBytes(path: Path): number {
  return path.length * (PLACEHOLDER_BYTES + ".".length);
}

function changeCost(change: Change): Cost {
  const target = pathBytes(change.path) + ", ".length;
  switch (change.kind) {
    case "set":
      return { bytes: target + "=".length + PLACEHOLDER_BYTES, operators: 1 };
    case "setFrom":
      return { bytes: target + "=+".length + pathBytes(change.from) + PLACEHOLDER_BYTES, operators: 2 };
    case "add": {
      const bytes = target + pathBytes(change.path) + "=if_not_exists(,)+".length + 2 * PLACEHOLDER_BYTES;
      return { bytes, operators: 3 };
    }
    case "remove":
      return { bytes: target, operators: 1 };
  }
}

const JOIN = " AND ";

function conditionCost(condition: Condition): Cost {
  const path = "path" in condition ? pathBytes(condition.path) : PLACEHOLDER_BYTES;
  const text = condition.kind === "sizeLess" ? "size()<" : "attribute_not_exists()";
  const bytes = JOIN.length + path + text.length + PLACEHOLDER_BYTES;
  return { bytes, operators: condition.kind === "sizeLess" ? 3 : 2 };
}
