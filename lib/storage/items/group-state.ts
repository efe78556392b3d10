import { LogError } from "../../base/errors.ts";
import type { TopicId } from "../../base/ids.ts";
import { PackReader, PackWriter } from "../../base/packing.ts";
import {
  type PartitionKey,
  packPartitions,
  packTopicId,
  partitionKeyOf,
  readPartitions,
  readTopicId,
} from "./partition-sets.ts";

/** A topic as the group last saw it. */
export interface GroupTopic {
  readonly name: string;
  readonly topicId: TopicId;
  readonly partitions: number;
}

/** What a member asked for. */
export interface Subscription {
  /** Sorted. */
  readonly topics: readonly string[];
  /** A regular expression over whole topic names. */
  readonly pattern: string | undefined;
}

export interface GroupMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly subscription: Subscription;
  /** The assignor that it votes for. */
  readonly assignor: string | undefined;
  readonly rebalanceTimeoutMs: number;
  /** Number of its newest request that changed something: an older one that comes late changes nothing. */
  readonly sequence: number;
  /** The epoch at which it last joined; whoever presents an older one is fenced. */
  readonly joinedEpoch: number;
  readonly epoch: number;
  /** What it may use, with the epoch at which each was given to it. */
  readonly assigned: ReadonlyMap<PartitionKey, number>;
  /** What it must let go of, with the epoch at which each was given to it. Nobody else has it until then. */
  readonly revoking: ReadonlyMap<PartitionKey, number>;
  readonly target: ReadonlySet<PartitionKey>;
  /** When it is removed unless it has let go; undefined while nothing is being revoked. */
  readonly revokeByMs: number | undefined;
  /** A static member that left for a moment. */
  readonly away: boolean;
}

/** Everything that decides about a group, except when its members last showed life. */
export interface GroupState {
  readonly epoch: number;
  readonly assignor: string;
  /** By name. */
  readonly topics: ReadonlyMap<string, GroupTopic>;
  /** By member id. */
  readonly members: ReadonlyMap<string, GroupMember>;
  /** Since when it has had no member. */
  readonly emptySinceMs: number | undefined;
}

/** Grows when a member's or the group's packed fields change; Kafka's classic protocol will add a second kind. */
const FORMAT = 1;

/**
 * Packs a state. Names are told once: topics in a table, equal subscriptions in another. Partitions are runs of
 * numbers per topic, so that a large group stays small.
 */
export function packGroupState(state: GroupState): Uint8Array {
  const write = new PackWriter(4096);
  write.varint(FORMAT).varint(state.epoch).text(state.assignor);
  write.varint(state.emptySinceMs === undefined ? 0 : state.emptySinceMs + 1);
  write.varint(state.topics.size);
  for (const { name, topicId, partitions } of state.topics.values()) {
    write.text(name);
    packTopicId(write, topicId);
    write.varint(partitions);
  }
  const subscriptions = new Map<string, number>();
  for (const { subscription } of state.members.values()) {
    const text = JSON.stringify(subscription);
    if (!subscriptions.has(text)) subscriptions.set(text, subscriptions.size);
  }
  write.varint(subscriptions.size);
  for (const text of subscriptions.keys()) packSubscription(write, JSON.parse(text) as Subscription);
  write.varint(state.members.size);
  for (const member of state.members.values()) {
    packMember(write, member, subscriptions.get(JSON.stringify(member.subscription)) ?? 0);
  }
  return write.finish();
}

function packSubscription(write: PackWriter, { topics, pattern }: Subscription): void {
  write.varint(topics.length);
  for (const topic of topics) write.text(topic);
  packOptional(write, pattern);
}

function packMember(write: PackWriter, member: GroupMember, subscription: number): void {
  write.text(member.memberId).text(member.clientId).varint(subscription);
  packOptional(write, member.instanceId);
  packOptional(write, member.assignor);
  write.varint(member.rebalanceTimeoutMs).varint(member.sequence).varint(member.joinedEpoch).varint(member.epoch);
  write.varint(member.revokeByMs === undefined ? 0 : member.revokeByMs + 1).varint(member.away ? 1 : 0);
  packPartitions(write, member.assigned);
  packPartitions(write, member.revoking);
  packPartitions(write, new Map([...member.target].map((key) => [key, 0])));
}

function packOptional(write: PackWriter, text: string | undefined): void {
  write.varint(text === undefined ? 0 : 1);
  if (text !== undefined) write.text(text);
}

export function unpackGroupState(bytes: Uint8Array): GroupState {
  const read = new PackReader(bytes, "group state");
  const format = read.varint();
  if (format > FORMAT) throw new LogError("StoreFormat", `a group's state has format ${format}: upgrade Tidelog`);
  const epoch = read.varint();
  const assignor = read.text();
  const emptySince = read.varint();
  const topics = new Map<string, GroupTopic>();
  for (let left = read.count(3); left > 0; left--) {
    const topic = readTopic(read);
    topics.set(topic.name, topic);
  }
  const subscriptions: Subscription[] = [];
  for (let left = read.count(2); left > 0; left--) subscriptions.push(readSubscription(read));
  const members = new Map<string, GroupMember>();
  for (let left = read.count(12); left > 0; left--) {
    const member = readMember(read, subscriptions);
    members.set(member.memberId, member);
  }
  read.end();
  return { epoch, assignor, topics, members, emptySinceMs: emptySince === 0 ? undefined : emptySince - 1 };
}

function readTopic(read: PackReader): GroupTopic {
  const name = read.text();
  return { name, topicId: readTopicId(read), partitions: read.varint() };
}

function readSubscription(read: PackReader): Subscription {
  const topics: string[] = [];
  for (let left = read.count(1); left > 0; left--) topics.push(read.text());
  return { topics, pattern: readOptional(read) };
}

function readMember(read: PackReader, subscriptions: readonly Subscription[]): GroupMember {
  const memberId = read.text();
  const clientId = read.text();
  const subscription = subscriptions[read.varint()];
  if (subscription === undefined) throw new LogError("CorruptItem", "group state: a member without subscription");
  const instanceId = readOptional(read);
  const assignor = readOptional(read);
  const rebalanceTimeoutMs = read.varint();
  const sequence = read.varint();
  const joinedEpoch = read.varint();
  const epoch = read.varint();
  const revokeBy = read.varint();
  const away = read.varint() === 1;
  return {
    memberId,
    instanceId,
    clientId,
    subscription,
    assignor,
    rebalanceTimeoutMs,
    sequence,
    joinedEpoch,
    epoch,
    revokeByMs: revokeBy === 0 ? undefined : revokeBy - 1,
    away,
    assigned: readPartitions(read),
    revoking: readPartitions(read),
    target: new Set(readPartitions(read).keys()),
  };
}

function readOptional(read: PackReader): string | undefined {
  return read.varint() === 0 ? undefined : read.text();
}

/** All partitions of a topic, in order. */
export function partitionsOf(topic: GroupTopic): PartitionKey[] {
  return Array.from({ length: topic.partitions }, (_, partition) => partitionKeyOf(topic.topicId, partition));
}
