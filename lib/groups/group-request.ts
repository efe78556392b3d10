import type { GroupTopic, Subscription } from "../storage/items/group-state.ts";
import type { PartitionKey } from "../storage/items/partition-sets.ts";
import type { TopicsView } from "./topics-view.ts";

/** Kafka's special member epochs (KIP-848). */
export const JOIN_EPOCH = 0;
export const LEAVE_EPOCH = -1;
/** A static member leaves and means to come back within its session. */
export const AWAY_EPOCH = -2;

export interface HeartbeatRequest {
  readonly kind: "heartbeat";
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  /** The epoch that the member knows, or one of the special ones. */
  readonly epoch: number;
  /** Grows with every request of the member; 0 when it does not count them. */
  readonly sequence: number;
  /** Undefined: as before. */
  readonly subscription: Subscription | undefined;
  readonly assignor: string | undefined;
  readonly rebalanceTimeoutMs: number | undefined;
  /** What the member uses now; undefined when it does not say. */
  readonly owned: ReadonlySet<PartitionKey> | undefined;
  /** Present when somebody has just looked at the topics. */
  readonly view: TopicsView | undefined;
}

/** Members that showed no life for a whole session. */
export interface ExpireRequest {
  readonly kind: "expire";
  /** With the mark that proves it. */
  readonly members: ReadonlyMap<string, number>;
}

export type GroupRequest = HeartbeatRequest | ExpireRequest;

export interface GroupReply {
  readonly memberId: string;
  readonly epoch: number;
  /** What the member may use, with the epoch of each; undefined when that is what it uses already. */
  readonly assignment: ReadonlyMap<PartitionKey, number> | undefined;
  /** The group's topics by name, to tell the assignment's from their ids. */
  readonly topics: ReadonlyMap<string, GroupTopic>;
  /** Those of the assignment that it has not been seen to use: their fences are written before it is told. */
  readonly unconfirmed: ReadonlyMap<PartitionKey, number>;
}
