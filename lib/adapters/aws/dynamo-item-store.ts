import {
  ConditionalCheckFailedException,
  type ConsumedCapacity,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Call } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { checkKey, checkKeys, checkQuery, checkTransact, checkUpdate } from "../../storage/check-request.ts";
import type { Change, Condition, TransactPart } from "../../storage/item-change.ts";
import { queryItemsMax } from "../../storage/item-limits.ts";
import type {
  ItemPage,
  ItemStore,
  Query,
  ReadOptions,
  TransactOutcome,
  UpdateOutcome,
} from "../../storage/item-store.ts";
import type { Item, ItemKey } from "../../storage/item-value.ts";
import { compareUtf8 } from "../../storage/key-order.ts";
import type { AwsOperation } from "./aws-operation.ts";
import { batchGet } from "./batch-get.ts";
import { changedOf } from "./changed-attributes.ts";
import { itemOf, keyAttributes, keyedItemOf, PARTITION_KEY, SORT_KEY } from "./dynamo-attribute.ts";
import type { DynamoTable } from "./dynamo-table.ts";
import { actionsOf, transactWrite } from "./dynamo-transact.ts";
import { expressionsOf } from "./expressions.ts";
import { checkNothingToRemove, refusedByGuard } from "./judge-refusal.ts";
import { withinCall } from "./within-call.ts";

export interface DynamoItemStoreOptions {
  /** From `createDynamoClient`: it must not retry by itself. */
  readonly client: DynamoDBClient;
  /** With the string keys `pk` (partition) and `sk` (sort). */
  readonly table: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told what DynamoDB says that each request has consumed; asked for only when this is given. */
  readonly onConsumed?: (consumed: ConsumedCapacity) => void;
}

/** Items in a table of DynamoDB. */
export class DynamoItemStore implements ItemStore {
  readonly #table: DynamoTable;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor({ client, table, clock, random, onConsumed }: DynamoItemStoreOptions) {
    const capacity = onConsumed === undefined ? {} : { ReturnConsumedCapacity: "TOTAL" as const };
    this.#table = { client, name: table, capacity, consumed: (consumed) => consumed && onConsumed?.(consumed) };
    this.#clock = clock;
    this.#random = random;
  }

  get(key: ItemKey, call: Call, options: ReadOptions = {}): Promise<Item | undefined> {
    return this.#run(call, `get of ${key.pk} ${key.sk}`, ["dynamodb:GetItem"], async (signal) => {
      checkKey(key);
      const { client, name, capacity, consumed } = this.#table;
      const command = new GetItemCommand({
        TableName: name,
        Key: keyAttributes(key),
        ConsistentRead: options.consistent ?? true,
        ...capacity,
      });
      const answer = await client.send(command, { abortSignal: signal });
      consumed(answer.ConsumedCapacity);
      return itemOf(answer.Item);
    });
  }

  getMany(keys: readonly ItemKey[], call: Call, options: ReadOptions = {}): Promise<readonly (Item | undefined)[]> {
    return this.#run(call, `get of ${keys.length} items`, ["dynamodb:BatchGetItem"], async (signal) => {
      checkKeys(keys);
      const waits = { clock: this.#clock, random: this.#random, signal };
      return batchGet(this.#table, keys, options.consistent ?? true, waits);
    });
  }

  query(query: Query, call: Call): Promise<ItemPage> {
    return this.#run(call, `query of ${query.pk}`, ["dynamodb:Query"], async (signal) => {
      checkQuery(query);
      const bounds = boundsOf(query);
      if (bounds === undefined) return { items: [], more: false };
      const limit = query.limit ?? queryItemsMax;
      const { client, name, capacity, consumed } = this.#table;
      const command = new QueryCommand({
        TableName: name,
        ...bounds,
        ConsistentRead: query.consistent ?? true,
        ScanIndexForward: !query.reverse,
        // One more than asked for: only so does the answer tell whether more match.
        Limit: limit + 1,
        ...capacity,
      });
      const answer = await client.send(command, { abortSignal: signal });
      consumed(answer.ConsumedCapacity);
      const found = answer.Items ?? [];
      const more = found.length > limit || answer.LastEvaluatedKey !== undefined;
      return { items: found.slice(0, limit).map(keyedItemOf), more };
    });
  }

  update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    call: Call,
  ): Promise<UpdateOutcome> {
    return this.#run(call, `update of ${key.pk} ${key.sk}`, ["dynamodb:UpdateItem"], async (signal) => {
      checkUpdate(key, changes, conditions);
      const { client, name, capacity, consumed } = this.#table;
      const command = new UpdateItemCommand({
        TableName: name,
        Key: keyAttributes(key),
        ...expressionsOf(changes, conditions),
        ReturnValues: "UPDATED_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        ...capacity,
      });
      try {
        const answer = await client.send(command, { abortSignal: signal });
        consumed(answer.ConsumedCapacity);
        return { ok: true, changed: changedOf(changes, answer.Attributes) };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const current = itemOf(error.Item);
        if (!refusedByGuard({ changes, conditions }, current)) return { ok: false, current };
        checkNothingToRemove({ changes }, current);
        return { ok: true, changed: {} };
      }
    });
  }

  transact(parts: readonly TransactPart[], call: Call): Promise<TransactOutcome> {
    return this.#run(call, `transaction of ${parts.length} parts`, actionsOf(parts), async (signal) => {
      checkTransact(parts);
      return transactWrite(this.#table, parts, this.#random, signal);
    });
  }

  #run<T>(call: Call, what: string, actions: readonly string[], run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const operation: AwsOperation = { what, actions, resource: `table ${this.#table.name}` };
    return withinCall(this.#clock, call, operation, run);
  }
}

type Bounds = Pick<
  QueryCommandInput,
  "KeyConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"
>;

/** The query's range of keys; undefined when nothing can lie in it, which DynamoDB would refuse. */
function boundsOf({ pk, from = "", to }: Query): Bounds | undefined {
  if (to === "" || (to !== undefined && compareUtf8(from, to) > 0)) return undefined;
  const names = { ExpressionAttributeNames: { "#pk": PARTITION_KEY, "#sk": SORT_KEY } };
  const values = { ":pk": { S: pk } };
  if (from !== "" && to !== undefined) {
    return {
      ...names,
      KeyConditionExpression: "#pk=:pk AND #sk BETWEEN :from AND :to",
      ExpressionAttributeValues: { ...values, ":from": { S: from }, ":to": { S: to } },
    };
  }
  const bound = to ?? from;
  if (bound === "") {
    return {
      ExpressionAttributeNames: { "#pk": PARTITION_KEY },
      KeyConditionExpression: "#pk=:pk",
      ExpressionAttributeValues: values,
    };
  }
  return {
    ...names,
    KeyConditionExpression: `#pk=:pk AND #sk${to === undefined ? ">=" : "<="}:bound`,
    ExpressionAttributeValues: { ...values, ":bound": { S: bound } },
  };
}
