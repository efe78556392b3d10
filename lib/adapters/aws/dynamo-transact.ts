import {
  type CancellationReason,
  DeleteItemCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { LogError } from "../../base/errors.ts";
import { type Random, randomName } from "../../base/random.ts";
import { itemAbsent, type TransactPart } from "../../storage/item-change.ts";
import type { TransactOutcome } from "../../storage/item-store.ts";
import type { Item, ItemKey } from "../../storage/item-value.ts";
import { loneDeleteOf } from "../../storage/lone-delete.ts";
import { ownedItem } from "../../storage/owned-value.ts";
import { itemAttributes, itemOf, keyAttributes } from "./dynamo-attribute.ts";
import type { DynamoTable } from "./dynamo-table.ts";
import { expressionsOf } from "./expressions.ts";
import { checkNothingToRemove, refusedByGuard } from "./judge-refusal.ts";

/** DynamoDB takes tokens of 1 to 36 characters and remembers each for ten minutes. */
const TOKEN_LENGTH = 26;
/** Tries while items come and go from which there is nothing, or something, to remove. */
const ATTEMPTS_MAX = 4;

interface FailedPart {
  readonly part: number;
  readonly current: Item | undefined;
}

/**
 * A transaction, sent again only when it was cancelled because there is no item from which a part removes: that
 * part becomes a check that there is none.
 */
export async function transactWrite(
  table: DynamoTable,
  parts: readonly TransactPart[],
  random: Random,
  signal: AbortSignal,
): Promise<TransactOutcome> {
  const lone = loneDeleteOf(parts);
  if (lone !== undefined) return deleteAlone(table, lone, signal);
  let sent = parts;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const refused = await send(table, sent, random, signal);
    if (refused === undefined) return { ok: true };
    const guarded = refused.filter(({ part, current }) => isRefusedByGuard(parts[part], current));
    if (guarded.length < refused.length) return { ok: false, failed: refused.filter((one) => !guarded.includes(one)) };
    const absent = new Set<number>();
    for (const { part, current } of guarded) {
      checkNothingToRemove(parts[part] as UpdatePart, current);
      absent.add(part);
    }
    sent = parts.map((part, at) => (absent.has(at) ? absenceOf(part) : part));
  }
  throw new LogError("StoreConflict", `items of table ${table.name} come and go while they are changed`);
}

/** Half the price of a transaction of one part, with the same effect. */
async function deleteAlone(table: DynamoTable, key: ItemKey, signal: AbortSignal): Promise<TransactOutcome> {
  const command = new DeleteItemCommand({ TableName: table.name, Key: keyAttributes(key), ...table.capacity });
  const { ConsumedCapacity } = await table.client.send(command, { abortSignal: signal });
  table.consumed(ConsumedCapacity);
  return { ok: true };
}

type UpdatePart = Extract<TransactPart, { kind: "update" }>;

function isRefusedByGuard(part: TransactPart | undefined, current: Item | undefined): boolean {
  return part?.kind === "update" && refusedByGuard(part, current);
}

function absenceOf({ key, conditions }: TransactPart): TransactPart {
  return { kind: "check", key, conditions: [itemAbsent, ...conditions] };
}

/**
 * Sends it once, under a token of its own: should a layer below send the request twice, the second has no effect.
 * A token is never used again, since a repeat must be judged by the conditions anew. Answers with the parts that
 * refused, or undefined when it took effect.
 */
async function send(
  table: DynamoTable,
  parts: readonly TransactPart[],
  random: Random,
  signal: AbortSignal,
): Promise<readonly FailedPart[] | undefined> {
  const command = new TransactWriteItemsCommand({
    TransactItems: parts.map((part) => transactItem(table.name, part)),
    ClientRequestToken: randomName(random, TOKEN_LENGTH),
    ...table.capacity,
  });
  try {
    const { ConsumedCapacity = [] } = await table.client.send(command, { abortSignal: signal });
    for (const consumed of ConsumedCapacity) table.consumed(consumed);
    return undefined;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    return refusedParts(error.CancellationReasons ?? [], table.name, error);
  }
}

/** The IAM actions that a transaction of these parts needs. */
export function actionsOf(parts: readonly TransactPart[]): readonly string[] {
  const actions = {
    update: "dynamodb:UpdateItem",
    put: "dynamodb:PutItem",
    delete: "dynamodb:DeleteItem",
    check: "dynamodb:ConditionCheckItem",
  };
  return [...new Set(parts.map((part) => actions[part.kind]))];
}

function transactItem(table: string, part: TransactPart): TransactWriteItem {
  const where = { TableName: table, ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;
  const keyed = { ...where, Key: keyAttributes(part.key) };
  switch (part.kind) {
    case "update": {
      const { UpdateExpression, ...rest } = expressionsOf(part.changes, part.conditions);
      return { Update: { ...keyed, ...rest, UpdateExpression } };
    }
    case "put": {
      const attributes = itemAttributes(part.key, ownedItem(part.item, "a put"));
      return { Put: { ...where, Item: attributes, ...expressionsOf([], part.conditions) } };
    }
    case "delete":
      return { Delete: { ...keyed, ...expressionsOf([], part.conditions) } };
    case "check": {
      const { ConditionExpression, ...rest } = expressionsOf([], part.conditions);
      return { ConditionCheck: { ...keyed, ...rest, ConditionExpression } };
    }
  }
}

/**
 * What a cancelled transaction means. A conflict or throttling comes before failed conditions: the parts that it
 * hit were not judged, and the answer must name every part whose conditions failed.
 */
function refusedParts(reasons: readonly CancellationReason[], table: string, cause: Error): readonly FailedPart[] {
  const codes = reasons.map((reason) => reason.Code ?? "None");
  if (codes.includes("TransactionConflict")) {
    throw new LogError("StoreConflict", `another write to the same items of table ${table} was under way`, { cause });
  }
  if (codes.includes("ThrottlingError") || codes.includes("ProvisionedThroughputExceeded")) {
    throw new LogError("StoreThrottled", `table ${table} gets more requests than it takes`, { cause });
  }
  const refused: FailedPart[] = [];
  for (const [part, reason] of reasons.entries()) {
    if (reason.Code === "ConditionalCheckFailed") refused.push({ part, current: itemOf(reason.Item) });
  }
  if (refused.length > 0) return refused;
  throw new LogError("InvalidRequest", `table ${table} refuses the transaction (${codes.join(", ")})`, {
    cause,
    details: { reasons: reasons.map((reason) => reason.Message) },
  });
}
