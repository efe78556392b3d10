import type { Item } from "../item-value.ts";
import { AttributeReader } from "./attributes.ts";

/** What a group has committed. */
export interface CommittedOffset {
  readonly offset: number;
  /** Of the last record consumed; -1 when not told. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly committedMs: number;
}

/** A group's place in one partition, and who may move it. */
export interface GroupOffset {
  /** The member whose commits are taken; empty when none is. */
  readonly owner: string;
  /** The epoch at which the partition was given to the owner: a commit under an older one has no effect. */
  readonly fence: number;
  /** Of the owner's newest commit: an older one that comes late has no effect. */
  readonly sequence: number;
  readonly committed: CommittedOffset | undefined;
}

const VERSION = 1;
const NONE = -1;

export const GROUP_OFFSET = {
  owner: ["owner"],
  fence: ["fence"],
  sequence: ["sequence"],
  offset: ["offset"],
  leaderEpoch: ["leaderEpoch"],
  metadata: ["metadata"],
  committedMs: ["committedMs"],
} as const;

export function encodeGroupOffset({ owner, fence, sequence, committed }: GroupOffset): Item {
  return {
    v: VERSION,
    owner,
    fence,
    sequence,
    offset: committed?.offset ?? NONE,
    leaderEpoch: committed?.leaderEpoch ?? NONE,
    metadata: committed?.metadata ?? "",
    committedMs: committed?.committedMs ?? NONE,
  };
}

export function decodeGroupOffset(item: Item): GroupOffset {
  const read = new AttributeReader(item, "group offset", VERSION);
  const offset = read.number("offset");
  const committed = {
    offset,
    leaderEpoch: read.number("leaderEpoch"),
    metadata: read.text("metadata"),
    committedMs: read.number("committedMs"),
  };
  return {
    owner: read.text("owner"),
    fence: read.number("fence"),
    sequence: read.number("sequence"),
    committed: offset === NONE ? undefined : committed,
  };
}
