import type { Change } from "../../storage/item-change.ts";
import { type Item, type ItemValue, isMap, valueAt } from "../../storage/item-value.ts";
import { type Attributes, itemOf } from "./dynamo-attribute.ts";

type Draft = Record<string, ItemValue>;

/**
 * The port's answer to an update out of DynamoDB's UPDATED_NEW: the changed paths alone. Some emulators answer
 * with the whole attribute around a changed path; what was not changed is left out.
 */
export function changedOf(changes: readonly Change[], attributes: Attributes | undefined): Item {
  const answered = itemOf(attributes);
  const changed: Draft = {};
  for (const { kind, path } of changes) {
    const value = kind === "remove" ? undefined : valueAt(answered, path);
    if (value === undefined) continue;
    let parent = changed;
    for (const name of path.slice(0, -1)) {
      parent[name] ??= {};
      parent = parent[name] as Draft;
    }
    parent[path.at(-1) as string] = value;
  }
  return freezeDrafts(changed);
}

/** Freezes the maps made here; the values below are frozen already. */
function freezeDrafts(map: Draft): Item {
  for (const value of Object.values(map)) if (isMap(value) && !Object.isFrozen(value)) freezeDrafts(value as Draft);
  return Object.freeze(map);
}
