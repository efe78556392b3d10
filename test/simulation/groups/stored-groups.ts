import type { TopicId } from "../../../lib/base/ids.ts";
import { groupKey, groupPartitionKey, parseGroupOffsetKey, topicKey } from "../../../lib/storage/item-keys.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import type { ItemKey } from "../../../lib/storage/item-value.ts";
import { decodeGroupTip } from "../../../lib/storage/items/group.ts";
import { decodeGroupOffset, type GroupOffset } from "../../../lib/storage/items/group-offset.ts";
import { unpackGroupState } from "../../../lib/storage/items/group-state.ts";
import { decodeTopic } from "../../../lib/storage/items/topic.ts";
import type { History } from "../history.ts";
import { itemStoreWith } from "../planted/item-store-with.ts";
import type { GroupLedger } from "./group-ledger.ts";

/** The group of members that are written by hand. */
export const GROUP_ID = "together";
/** The group of the product's own consumers. */
export const SDK_GROUP_ID = "sdk-together";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };

/** Members sign their commits, so that what stands in an offset's item tells whose it is. */
export function signatureOf(memberId: string, epoch: number, sequence: number): string {
  return `${memberId} ${epoch} ${sequence}`;
}

/** `items`, with a look at these groups' own items after every write of them. */
export function watchedForGroups(
  items: ItemStore,
  history: History,
  ledgers: Readonly<Record<string, GroupLedger>>,
): ItemStore {
  const watches = new Map(
    Object.entries(ledgers).map(([groupId, ledger]) => {
      return [groupPartitionKey(groupId), new GroupWatch(items, history, { groupId, ledger })];
    }),
  );
  return itemStoreWith(items, {
    update: async (key, changes, conditions, call) => {
      const outcome = await items.update(key, changes, conditions, call);
      const watch = watches.get(key.pk);
      if (watch !== undefined) await watch.look(key);
      return outcome;
    },
    transact: async (parts, call) => {
      const outcome = await items.transact(parts, call);
      for (const { key } of parts) {
        const watch = watches.get(key.pk);
        if (watch !== undefined) await watch.look(key);
      }
      return outcome;
    },
  });
}

class GroupWatch {
  readonly #items: ItemStore;
  readonly #history: History;
  readonly #groupId: string;
  readonly #ledger: GroupLedger;
  readonly #offsets = new Map<string, GroupOffset>();

  constructor(
    items: ItemStore,
    history: History,
    { groupId, ledger }: { readonly groupId: string; readonly ledger: GroupLedger },
  ) {
    this.#items = items;
    this.#history = history;
    this.#groupId = groupId;
    this.#ledger = ledger;
  }

  async look(key: ItemKey): Promise<void> {
    const isTip = key.sk === groupKey(this.#groupId).sk;
    const place = parseGroupOffsetKey(key.sk);
    if (!isTip && place === undefined) return;
    const item = await this.#items.get(key, OPEN_ENDED);
    if (isTip) {
      const state = item === undefined ? undefined : decodeGroupTip(item).state;
      // A state in pieces is larger than any of a run.
      if (typeof state !== "number") this.#ledger.stands(state === undefined ? undefined : unpackGroupState(state));
    } else if (item === undefined) this.#offsets.delete(key.sk);
    else if (place !== undefined) await this.#judgeOffset(key.sk, place.topicId, decodeGroupOffset(item));
  }

  async #judgeOffset(where: string, topicId: TopicId, now: GroupOffset): Promise<void> {
    const before = this.#offsets.get(where);
    this.#offsets.set(where, now);
    if (before !== undefined && now.fence < before.fence) {
      this.#history.report("GroupFence", `${where}: its fence went back from ${before.fence} to ${now.fence}`);
    }
    if (now.committed === undefined || sameCommit(before, now)) return;
    const { metadata, offset } = now.committed;
    const [memberId = "", epoch, sequence] = metadata.split(" ");
    const valid = memberId === now.owner && Number(epoch) >= now.fence && Number(sequence) === now.sequence;
    if (!valid) {
      const standing = `${now.owner} has it from epoch ${now.fence}, at its commit ${now.sequence}`;
      this.#history.report("GroupFence", `${where}: a commit by "${metadata}" took effect, but ${standing}`);
    }
    const committed = before?.committed?.offset ?? -1;
    // Who reads by a topic's name goes back when it is made anew, and nobody goes on from the old one's offsets.
    if (offset < committed && (await this.#isOpen(topicId))) {
      this.#history.report("GroupFence", `${where}: commit "${metadata}" went back from ${committed} to ${offset}`);
    }
  }

  async #isOpen(topicId: TopicId): Promise<boolean> {
    const item = await this.#items.get(topicKey(topicId), OPEN_ENDED);
    return item !== undefined && decodeTopic(item).state === "open";
  }
}

function sameCommit(before: GroupOffset | undefined, now: GroupOffset): boolean {
  return before?.committed?.metadata === now.committed?.metadata && before?.committed?.offset === now.committed?.offset;
}
