import type { Call } from "../base/call.ts";
import type { Runtime } from "../base/runtime.ts";
import type { ItemStore } from "../storage/item-store.ts";
import type { GroupTopic } from "../storage/items/group-state.ts";
import type { GroupSettings } from "./group-settings.ts";

/** Where groups learn of topics: they know nothing of the log itself. */
export interface TopicSource {
  /** The open topics of these names, perhaps a few seconds old. */
  find(names: Iterable<string>, call: Call): Promise<ReadonlyMap<string, GroupTopic>>;
  /** The names of all topics, perhaps a minute old. */
  names(call: Call): Promise<readonly string[]>;
}

/** What everything about groups works with. The store keeps deadlines and retries what is safe. */
export interface GroupContext {
  readonly items: ItemStore;
  readonly runtime: Runtime;
  readonly settings: GroupSettings;
  readonly topics: TopicSource;
}
