import { equal, type TransactPart } from "../../../lib/storage/item-change.ts";
import {
  AFTER_ANY,
  GROUP_OFFSET_PREFIX,
  groupPartitionKey,
  MEMBER_MARK_PREFIX,
  parseGroupOffsetKey,
} from "../../../lib/storage/item-keys.ts";
import type { ItemKey } from "../../../lib/storage/item-value.ts";
import { decodeGroupTip, encodeGroupTip } from "../../../lib/storage/items/group.ts";
import { decodeGroupOffset } from "../../../lib/storage/items/group-offset.ts";
import { type GroupMember, packGroupState, unpackGroupState } from "../../../lib/storage/items/group-state.ts";
import type { PartitionKey } from "../../../lib/storage/items/partition-sets.ts";
import type { BrokerParts } from "../cluster.ts";
import { GROUP_ID } from "../groups/stored-groups.ts";
import { type ItemWrite, itemStoreWith, names, withoutConditions } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** A commit is forgotten so long after it, by the bug that looks at its age alone. */
const FORGOTTEN_AFTER_MS = 3000;
const PK = groupPartitionKey(GROUP_ID);

/** Rules of consumer groups. */
export const groupBugs: readonly PlantedBug[] = [
  {
    name: "commit-ignores-fence",
    rule: "a commit counts only from the member that has the partition, under the epoch at which it was given",
    promises: ["GroupFence"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(
        parts.items,
        (each, write) => isOffsetCommit(write) && (names(each, "fence") || names(each, "owner")),
      ),
    }),
  },
  {
    name: "commit-ignores-sequence",
    rule: "an older commit that comes late has no effect",
    promises: ["GroupFence"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(parts.items, (each, write) => isOffsetCommit(write) && names(each, "sequence")),
    }),
  },
  {
    name: "fence-is-not-written",
    rule: "the fence stands before a member is told that a partition is its own",
    promises: ["GroupFence", "AckDurable", "Liveness"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        update: async (key, changes, conditions, call) => {
          const moves = isOffset(key) && changes.some(({ path }) => path[0] === "fence") && conditions.some(isFence);
          return moves ? { ok: true, changed: {} } : items.update(key, changes, conditions, call);
        },
      }),
    }),
  },
  {
    name: "partition-given-too-early",
    rule: "nobody has a partition until the member before has let go of it",
    promises: ["GroupFence"],
    plant: (parts) => withTips(parts, giveAtOnce),
  },
  {
    name: "group-written-over",
    rule: "a group changes only from the version that was decided on",
    promises: ["Monotone", "GroupFence", "Liveness", "AckDurable"],
    plant: (parts) => withTips(parts, (part) => ({ ...part, conditions: [] })),
  },
  {
    name: "member-forgotten",
    rule: "a member that heartbeats is not taken for dead",
    promises: ["Liveness"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        update: async (key, changes, conditions, call) =>
          isMark(key) ? { ok: true, changed: {} } : items.update(key, changes, conditions, call),
      }),
    }),
  },
  {
    name: "offsets-expire-by-age",
    rule: "offsets of a group with members are kept, whatever their age",
    promises: ["AckDurable"],
    plant: forgettingOldOffsets,
  },
];

function isOffset({ sk }: ItemKey): boolean {
  return parseGroupOffsetKey(sk) !== undefined;
}

function isMark({ sk }: ItemKey): boolean {
  return sk.startsWith(MEMBER_MARK_PREFIX);
}

function isFence(condition: ItemWrite["conditions"][number]): boolean {
  return names(condition, "fence");
}

function isOffsetCommit({ key, changes }: ItemWrite): boolean {
  return (
    isOffset(key) && changes.some(({ path }) => path[0] === "offset") && !changes.some(({ path }) => path[0] === "v")
  );
}

type TipPut = TransactPart & { readonly kind: "put" };

/** With every put of the group's own item changed. */
function withTips({ items, ...parts }: BrokerParts, edit: (put: TipPut) => TipPut): BrokerParts {
  const edited = (part: TransactPart): TransactPart =>
    part.kind === "put" && part.key.pk === PK && part.key.sk === "group" ? edit(part) : part;
  return { ...parts, items: itemStoreWith(items, { transact: (all, call) => items.transact(all.map(edited), call) }) };
}

/** What one is to let go of goes to the next at once; under another tag, so that no broker goes on from memory. */
function giveAtOnce(put: TipPut): TipPut {
  const tip = decodeGroupTip(put.item);
  if (typeof tip.state === "number") return put;
  const state = unpackGroupState(tip.state);
  const free = [...state.members.values()].flatMap(({ revoking }) => [...revoking.keys()]);
  const members = new Map([...state.members].map(([id, member]) => [id, withAllOf(member, free)]));
  return { ...put, item: encodeGroupTip({ ...tip, tag: `${tip.tag}+`, state: packGroupState({ ...state, members }) }) };
}

function withAllOf(member: GroupMember, free: readonly PartitionKey[]): GroupMember {
  const given = free.filter((partition) => member.target.has(partition));
  const assigned = new Map([...member.assigned, ...given.map((partition) => [partition, member.epoch] as const)]);
  return { ...member, assigned, revoking: new Map(), revokeByMs: undefined };
}

/** Whenever a member shows life, what was committed some time ago goes. */
function forgettingOldOffsets({ items, ...parts }: BrokerParts): BrokerParts {
  return {
    ...parts,
    items: itemStoreWith(items, {
      update: async (key, changes, conditions, call) => {
        if (isMark(key)) {
          const query = { pk: PK, from: GROUP_OFFSET_PREFIX, to: `${GROUP_OFFSET_PREFIX}${AFTER_ANY}` };
          const olderThanMs = parts.runtime.clock.nowMs() - FORGOTTEN_AFTER_MS;
          for (const { key: old, item } of (await items.query(query, call)).items) {
            const { committed, fence } = decodeGroupOffset(item);
            if (committed === undefined || committed.committedMs >= olderThanMs) continue;
            await items.transact([{ kind: "delete", key: old, conditions: [equal(["fence"], fence)] }], call);
          }
        }
        return items.update(key, changes, conditions, call);
      },
    }),
  };
}
