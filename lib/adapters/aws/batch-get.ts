import { BatchGetItemCommand } from "@aws-sdk/client-dynamodb";
import { present } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { LogError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Item, ItemKey } from "../../storage/item-value.ts";
import { type Attributes, itemOf, keyAttributes, keyOf } from "./dynamo-attribute.ts";
import type { DynamoTable } from "./dynamo-table.ts";

export interface Waits {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Answers in a row that left out everything asked for, after which the table is said to be throttled. */
const EMPTY_ANSWERS_MAX = 6;
const FIRST_WAIT_MS = 20;

const nameOf = ({ pk, sk }: ItemKey): string => JSON.stringify([pk, sk]);

/**
 * Reads items in one request, and what an answer leaves out (its 16 MB are full, or the table is busy) in
 * further ones until the signal ends it.
 */
export async function batchGet(
  table: DynamoTable,
  keys: readonly ItemKey[],
  consistent: boolean,
  waits: Waits,
): Promise<readonly (Item | undefined)[]> {
  const found = new Map<string, Item | undefined>();
  // DynamoDB refuses a key named twice.
  let wanted: Attributes[] = [...new Map(keys.map((key) => [nameOf(key), keyAttributes(key)])).values()];
  for (let emptyAnswers = 0; wanted.length > 0; ) {
    const request = { Keys: wanted, ConsistentRead: consistent };
    const command = new BatchGetItemCommand({ RequestItems: { [table.name]: request }, ...table.capacity });
    const answer = await table.client.send(command, { abortSignal: waits.signal });
    for (const consumed of answer.ConsumedCapacity ?? []) table.consumed(consumed);
    const items = answer.Responses?.[table.name] ?? [];
    for (const attributes of items) found.set(nameOf(keyOf(attributes)), itemOf(attributes));
    const left = answer.UnprocessedKeys?.[table.name]?.Keys ?? [];
    emptyAnswers = left.length < wanted.length ? 0 : emptyAnswers + 1;
    if (emptyAnswers === EMPTY_ANSWERS_MAX) {
      throw new LogError(
        "StoreThrottled",
        `table ${table.name} answered none of ${left.length} items, again and again`,
      );
    }
    if (emptyAnswers > 0) await pause(waits, emptyAnswers);
    wanted = left.map((key) => keyAttributes(keyOf(present(key, "a key in an answer"))));
  }
  return keys.map((key) => found.get(nameOf(key)));
}

function pause({ clock, random, signal }: Waits, time: number): Promise<void> {
  return clock.sleep(random.fraction() * FIRST_WAIT_MS * 2 ** time, signal);
}
