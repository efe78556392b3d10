import type { Call } from "../../base/call.ts";
import { parseTopicId, type Stamp, stampText } from "../../base/ids.ts";
import { collectionItemsMax } from "../../base/limits.ts";
import { STAGED_ITEM_PKS, stagedItemKey } from "../../storage/item-keys.ts";
import { decodeStagedItem } from "../../storage/items/staged-item.ts";
import type { LogContext } from "../log-context.ts";
import { stagedItemName } from "../read/source-name.ts";
import type { Candidate } from "./candidate.ts";
import type { CandidatePage } from "./staged-objects.ts";

const DELETES_AT_ONCE = 25;
const NAME = /^(\d{15})-[0-9a-v]+$/;

/** A staged item among candidates, and how it is deleted. */
export interface StagedItemCandidate extends Candidate {
  readonly item: string;
}

export interface StagedItemPage extends CandidatePage {
  readonly candidates: readonly StagedItemCandidate[];
}

/** Staged items of one shard up to a stamp, the oldest first. */
export async function stagedItems(
  context: LogContext,
  { shard, after, upTo }: { readonly shard: number; readonly after: string; readonly upTo: Stamp },
  call: Call,
): Promise<StagedItemPage> {
  const pk = STAGED_ITEM_PKS[shard] as string;
  const query = { pk, from: `${after}\u0000`, to: `${stampText(upTo)}~`, limit: collectionItemsMax, consistent: false };
  const page = await context.items.query(query, call);
  const candidates: StagedItemCandidate[] = [];
  let undecided = 0;
  for (const { key, item } of page.items) {
    const [, stamp] = NAME.exec(key.sk) ?? [];
    const staged = decodeStagedItem(item);
    const topicId = parseTopicId(staged.topicId);
    if (stamp === undefined || topicId === undefined || stagedItemKey(key.sk).pk !== pk) {
      undecided++;
      continue;
    }
    const owners = [{ topicId, partition: staged.partition }];
    const bytes = staged.bytes.byteLength;
    candidates.push({ name: stagedItemName(key.sk), item: key.sk, bytes, stamp: Number(stamp) as Stamp, owners });
  }
  return { candidates, undecided, next: page.more ? page.items.at(-1)?.key.sk : undefined };
}

/** Deletes them all, each on its own, since a transaction would cost double; an absent one counts as deleted. */
export async function deleteStagedItems(context: LogContext, items: readonly string[], call: Call): Promise<void> {
  for (let first = 0; first < items.length; first += DELETES_AT_ONCE) {
    const some = items.slice(first, first + DELETES_AT_ONCE);
    await Promise.all(
      some.map((name) => context.items.transact([{ kind: "delete", key: stagedItemKey(name), conditions: [] }], call)),
    );
  }
}
