import type { GroupTopic } from "../../storage/items/group-state.ts";
import type { PartitionKey } from "../../storage/items/partition-sets.ts";

/** A member as an assignor sees it. */
export interface Assignee {
  /** Decides ties; the instance id of a static member, so that it keeps its place under a new member id. */
  readonly name: string;
  readonly memberId: string;
  /** Topics that it takes partitions of. */
  readonly topics: readonly GroupTopic[];
  /** What it was to have until now; may name what no longer exists, or what it no longer subscribes to. */
  readonly held: ReadonlySet<PartitionKey>;
}

export type Targets = ReadonlyMap<string, ReadonlySet<PartitionKey>>;

/** Gives every partition of every subscribed topic to one subscriber. Pure, and the same for any order of members. */
export type Assignor = (assignees: readonly Assignee[]) => Targets;

export function byName(a: Assignee, b: Assignee): number {
  if (a.name === b.name) return a.memberId < b.memberId ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

/** The topics that anybody takes, each once, by name. */
export function topicsOf(assignees: readonly Assignee[]): readonly GroupTopic[] {
  const topics = new Map<string, GroupTopic>();
  for (const assignee of assignees) for (const topic of assignee.topics) topics.set(topic.name, topic);
  return [...topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
