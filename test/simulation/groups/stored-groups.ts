import { groupKey, groupPartitionKey, parseGroupOffsetKey } from "../../../lib/storage/item-keys.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import type { ItemKey } from "../../../lib/storage/item-value.ts";
import { decodeGroupTip } from "../../../lib/storage/items/group.ts";
import { decodeGroupOffset, type GroupOffset } from "../../../lib/storage/items/group-offset.ts";
import { unpackGroupState } from "../../../lib/storage/items/group-state.ts";
import type { History } from "../history.ts";
import { itemStoreWith } from "../planted/item-store-with.ts";
import type { GroupLedger } from "./group-ledger.ts";

/** The run's only group. */
export const GROUP_ID = "together";

const OPEN_ENDED = { deadlineMs: Number.POSITIVE_INFINITY };
const PK = groupPartitionKey(GROUP_ID);

/** Members sign their commits, so that what stands in an offset's item tells whose it is. */
export function signatureOf(memberId: string, epoch: number, sequence: number): string {
  return `${memberId} ${epoch} ${sequence}`;
}

/** `items`, with a look at the group's own items after every write of them. */
export function watchedForGroups(items: ItemStore, history: History, ledger: GroupLedger): ItemStore {
  const watch = new GroupWatch(items, history, ledger);
  return itemStoreWith(items, {
    update: async (key, changes, conditions, call) => {
      const outcome = await items.update(key, changes, conditions, call);
      if (key.pk === PK) await watch.look([key]);
      return outcome;
    },
    transact: async (parts, call) => {
      const outcome = await items.transact(parts, call);
      const keys = parts.flatMap(({ key }) => (key.pk === PK ? [key] : []));
      if (keys.length > 0) await watch.look(keys);
      return outcome;
    },
  });
}

class GroupWatch {
  readonly #items: ItemStore;
  readonly #history: History;
  readonly #ledger: GroupLedger;
  readonly #offsets = new Map<string, GroupOffset>();

  constructor(items: ItemStore, history: History, ledger: GroupLedger) {
    this.#items = items;
    this.#history = history;
    this.#ledger = ledger;
  }

  async look(keys: readonly ItemKey[]): Promise<void> {
    for (const key of keys) {
      const item = await this.#items.get(key, OPEN_ENDED);
      if (key.sk === groupKey(GROUP_ID).sk) {
        const state = item === undefined ? undefined : decodeGroupTip(item).state;
        // A state in pieces is larger than any of a run.
        if (typeof state !== "number") this.#ledger.stands(state === undefined ? undefined : unpackGroupState(state));
      } else if (parseGroupOffsetKey(key.sk) !== undefined) {
        if (item === undefined) this.#offsets.delete(key.sk);
        else this.#judgeOffset(key.sk, decodeGroupOffset(item));
      }
    }
  }

  #judgeOffset(where: string, now: GroupOffset): void {
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
    if (offset < committed) {
      this.#history.report("GroupFence", `${where}: commit "${metadata}" went back from ${committed} to ${offset}`);
    }
  }
}

function sameCommit(before: GroupOffset | undefined, now: GroupOffset): boolean {
  return before?.committed?.metadata === now.committed?.metadata && before?.committed?.offset === now.committed?.offset;
}
