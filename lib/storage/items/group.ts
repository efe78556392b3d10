import type { Item } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

export type GroupPhase = "empty" | "reconciling" | "stable";

/** The item that decides a group's order: whoever changes the group moves its version by condition. */
export interface GroupTip {
  readonly version: number;
  /** The write that made this version, by which it is found again when its answer was lost. */
  readonly tag: string;
  readonly phase: GroupPhase;
  readonly memberCount: number;
  readonly emptySinceMs: number | undefined;
  /** On its way out: its offsets go first, then this item. */
  readonly deleting: boolean;
  /** The packed state where it is small; otherwise it lies in so many pieces. */
  readonly state: Uint8Array | number;
}

const VERSION = 1;

/** Attribute paths, named once: every change and condition on a group is made of these. */
export const GROUP = { version: ["version"], tag: ["tag"] } as const;

export function encodeGroupTip(tip: GroupTip): Item {
  return {
    v: VERSION,
    // Kafka's classic protocol will be the other one.
    protocol: "consumer",
    version: tip.version,
    tag: tip.tag,
    phase: tip.phase,
    memberCount: tip.memberCount,
    emptySinceMs: tip.emptySinceMs ?? -1,
    deleting: tip.deleting ? 1 : 0,
    state: tip.state,
  };
}

export function decodeGroupTip(item: Item): GroupTip {
  const read = new AttributeReader(item, "group", VERSION);
  const emptySinceMs = read.number("emptySinceMs");
  return {
    version: read.number("version"),
    tag: read.text("tag"),
    phase: read.oneOf("phase", ["empty", "reconciling", "stable"]),
    memberCount: read.number("memberCount"),
    emptySinceMs: emptySinceMs < 0 ? undefined : emptySinceMs,
    deleting: read.number("deleting") === 1,
    state: typeof item.state === "number" ? item.state : read.bytes("state"),
  };
}

/** A piece of a large state says which write it belongs to: pieces are not read in one instant with the tip. */
export interface GroupPiece {
  readonly tag: string;
  readonly bytes: Uint8Array;
}

export function encodeGroupPiece({ tag, bytes }: GroupPiece): Item {
  return { v: VERSION, tag, bytes };
}

export function decodeGroupPiece(item: Item): GroupPiece {
  const read = new AttributeReader(item, "group piece", VERSION);
  return { tag: read.text("tag"), bytes: read.bytes("bytes") };
}

/** When a member last showed life, to within a third of its session; its own item, off the group's. */
export const MEMBER_MARK = { markMs: ["markMs"] } as const;

export function encodeMemberMark(markMs: number): Item {
  return { v: VERSION, markMs };
}

export function decodeMemberMark(item: Item): number {
  return new AttributeReader(item, "member mark", VERSION).number("markMs");
}

/** A group's name, for listing. */
export function encodeGroupName(): Item {
  return { v: VERSION };
}
