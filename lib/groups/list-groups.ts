import type { Call } from "../base/call.ts";
import { GROUP_NAMES_PK, groupKey } from "../storage/item-keys.ts";
import { getManyKeysMax } from "../storage/item-limits.ts";
import { decodeGroupTip, type GroupTip } from "../storage/items/group.ts";
import type { GroupContext } from "./group-context.ts";
import { inPortions } from "./in-portions.ts";

export interface ListedGroup {
  readonly groupId: string;
  readonly tip: GroupTip;
}

/** All groups, by id. */
export async function listGroups({ items }: GroupContext, call: Call): Promise<readonly ListedGroup[]> {
  const names: string[] = [];
  for (let from = "", more = true; more; ) {
    const page = await items.query({ pk: GROUP_NAMES_PK, ...(from === "" ? {} : { from }) }, call);
    names.push(...page.items.map(({ key }) => key.sk));
    more = page.more;
    from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
  }
  const listed = await inPortions(names, getManyKeysMax, async (portion) => {
    const found = await items.getMany(portion.map(groupKey), call);
    return found.map((item, at) => ({ groupId: portion[at] as string, item }));
  });
  return listed.flatMap(({ groupId, item }) => {
    const tip = item === undefined ? undefined : decodeGroupTip(item);
    return tip === undefined || tip.deleting ? [] : [{ groupId, tip }];
  });
}
