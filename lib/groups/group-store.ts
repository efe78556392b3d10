import type { Call } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { groupsCachedMax, readAttemptsMax } from "../base/limits.ts";
import { equal, itemAbsent, type TransactPart } from "../storage/item-change.ts";
import { groupKey, groupNameKey, groupPieceKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-value.ts";
import {
  decodeGroupPiece,
  decodeGroupTip,
  encodeGroupName,
  encodeGroupPiece,
  encodeGroupTip,
  GROUP,
  type GroupPhase,
  type GroupTip,
} from "../storage/items/group.ts";
import { type GroupState, packGroupState, unpackGroupState } from "../storage/items/group-state.ts";
import type { GroupContext } from "./group-context.ts";

/** A group as a read showed it. */
export interface StoredGroup {
  readonly tip: GroupTip;
  readonly state: GroupState;
}

/** A state up to this size lies in the group's own item, so that one read unit tells a heartbeat everything. */
const INLINE_BYTES_MAX = 3 * 1024;
const PIECE_BYTES = 300 * 1024;

/** Reads groups and plans their writes. Remembers decoded states by version, for reads that show the same one. */
export class GroupStore {
  readonly #context: GroupContext;
  readonly #remembered = new Map<string, StoredGroup>();

  constructor(context: GroupContext) {
    this.#context = context;
  }

  async read(groupId: string, call: Call): Promise<StoredGroup | undefined> {
    return this.open(groupId, await this.#context.items.get(groupKey(groupId), call), call);
  }

  /** What this broker last saw; only good for a write under its version. */
  recall(groupId: string): StoredGroup | undefined {
    return this.#remembered.get(groupId);
  }

  remember(groupId: string, group: StoredGroup): void {
    this.#remembered.delete(groupId);
    this.#remembered.set(groupId, group);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= groupsCachedMax) break;
      this.#remembered.delete(oldest);
    }
  }

  forget(groupId: string): void {
    this.#remembered.delete(groupId);
  }

  /** Decodes the group's item as some answer brought it; reads the rest of a large state where it is not known. */
  async open(groupId: string, item: Item | undefined, call: Call): Promise<StoredGroup | undefined> {
    for (let attempt = 0, found = item; attempt < readAttemptsMax; attempt++) {
      if (found === undefined) {
        this.forget(groupId);
        return undefined;
      }
      const tip = decodeGroupTip(found);
      const state = this.#known(groupId, tip) ?? (await this.#readState(groupId, tip, call));
      if (state !== undefined) {
        const group = { tip, state };
        this.remember(groupId, group);
        return group;
      }
      found = await this.#context.items.get(groupKey(groupId), call);
    }
    throw new LogError("StoreConflict", "the group changed faster than it could be read", { details: { groupId } });
  }

  #known(groupId: string, tip: GroupTip): GroupState | undefined {
    const known = this.#remembered.get(groupId);
    return known?.tip.version === tip.version && known.tip.tag === tip.tag ? known.state : undefined;
  }

  /** Undefined when the pieces belong to another version by now. */
  async #readState(groupId: string, tip: GroupTip, call: Call): Promise<GroupState | undefined> {
    if (typeof tip.state !== "number") return unpackGroupState(tip.state);
    const keys = Array.from({ length: tip.state }, (_, piece) => groupPieceKey(groupId, piece));
    const parts: Uint8Array[] = [];
    for (const item of await this.#context.items.getMany(keys, call)) {
      const piece = item === undefined ? undefined : decodeGroupPiece(item);
      if (piece?.tag !== tip.tag) return undefined;
      parts.push(piece.bytes);
    }
    return unpackGroupState(Buffer.concat(parts));
  }
}

/** The tip that follows, and the parts of the write that makes it the group's. The first part is the tip's own. */
export function planGroupWrite(
  groupId: string,
  before: GroupTip | undefined,
  after: { readonly state: GroupState; readonly tag: string; readonly deleting: boolean },
): { readonly tip: GroupTip; readonly parts: readonly TransactPart[] } {
  const packed = packGroupState(after.state);
  const pieces = packed.byteLength <= INLINE_BYTES_MAX ? [] : piecesOf(packed);
  const tip: GroupTip = {
    version: (before?.version ?? 0) + 1,
    tag: after.tag,
    phase: phaseOf(after.state),
    memberCount: after.state.members.size,
    emptySinceMs: after.state.emptySinceMs,
    deleting: after.deleting,
    state: pieces.length === 0 ? packed : pieces.length,
  };
  const parts: TransactPart[] = [
    {
      kind: "put",
      key: groupKey(groupId),
      item: encodeGroupTip(tip),
      conditions: before === undefined ? [itemAbsent] : isAt(before),
    },
  ];
  if (before === undefined)
    parts.push({ kind: "put", key: groupNameKey(groupId), item: encodeGroupName(), conditions: [] });
  for (const [at, bytes] of pieces.entries()) {
    const item = encodeGroupPiece({ tag: after.tag, bytes });
    parts.push({ kind: "put", key: groupPieceKey(groupId, at), item, conditions: [] });
  }
  return { tip, parts };
}

/** Demands that the group is at the version that was read. */
export function isAt(tip: GroupTip) {
  return [equal(GROUP.version, tip.version), equal(GROUP.tag, tip.tag)];
}

function piecesOf(packed: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < packed.byteLength; at += PIECE_BYTES) pieces.push(packed.subarray(at, at + PIECE_BYTES));
  return pieces;
}

function phaseOf({ members }: GroupState): GroupPhase {
  if (members.size === 0) return "empty";
  for (const { revoking, assigned, target } of members.values()) {
    if (revoking.size > 0 || assigned.size !== target.size) return "reconciling";
  }
  return "stable";
}
