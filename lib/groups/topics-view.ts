import type { GroupState, GroupTopic, Subscription } from "../storage/items/group-state.ts";
import { matchesPattern } from "./topic-pattern.ts";

/** What a look at the topics has shown. Of a topic that was not looked for, nothing is known anew. */
export interface TopicsView {
  readonly looked: ReadonlySet<string>;
  readonly found: ReadonlyMap<string, GroupTopic>;
}

export const NO_LOOK: TopicsView = { looked: new Set(), found: new Map() };

export function isSubscribed({ topics, pattern }: Subscription, name: string): boolean {
  return topics.includes(name) || (pattern !== undefined && matchesPattern(pattern, name));
}

/** The topics that the group's members subscribe to and that exist, as the look shows them, else as last known. */
export function subscribedTopics(state: GroupState, view: TopicsView): ReadonlyMap<string, GroupTopic> {
  const subscriptions = distinctSubscriptions(state);
  const topics = new Map<string, GroupTopic>();
  const names = new Set([...state.topics.keys(), ...view.found.keys()]);
  for (const name of [...names].sort()) {
    const topic = view.looked.has(name) ? view.found.get(name) : state.topics.get(name);
    if (topic === undefined) continue;
    if (subscriptions.some((subscription) => isSubscribed(subscription, name))) topics.set(name, topic);
  }
  return topics;
}

/** Members mostly subscribe to the same: each subscription is told once. */
export function distinctSubscriptions(state: GroupState): readonly Subscription[] {
  const distinct = new Map<string, Subscription>();
  for (const { subscription } of state.members.values()) distinct.set(JSON.stringify(subscription), subscription);
  return [...distinct.values()];
}

export function sameTopics(a: ReadonlyMap<string, GroupTopic>, b: ReadonlyMap<string, GroupTopic>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, { topicId, partitions }] of a) {
    const other = b.get(name);
    if (other === undefined || other.topicId !== topicId || other.partitions !== partitions) return false;
  }
  return true;
}
