import type { Call } from "../base/call.ts";
import type { GroupState, Subscription } from "../storage/items/group-state.ts";
import type { GroupContext } from "./group-context.ts";
import { matchesPattern } from "./topic-pattern.ts";
import { distinctSubscriptions, type TopicsView } from "./topics-view.ts";

/** Looks at every topic that the group's members, and the one who asks, subscribe to by name or by pattern. */
export async function lookAtTopics(
  context: GroupContext,
  state: GroupState | undefined,
  own: Subscription | undefined,
  call: Call,
): Promise<TopicsView> {
  const subscriptions = [...(state === undefined ? [] : distinctSubscriptions(state)), ...(own ? [own] : [])];
  const looked = new Set(state?.topics.keys());
  for (const { topics } of subscriptions) for (const name of topics) looked.add(name);
  const patterns = new Set(subscriptions.flatMap(({ pattern }) => pattern ?? []));
  if (patterns.size > 0) {
    const names = await context.topics.names(call);
    for (const pattern of patterns) for (const name of names) if (matchesPattern(pattern, name)) looked.add(name);
  }
  return { looked, found: await context.topics.find(looked, call) };
}
