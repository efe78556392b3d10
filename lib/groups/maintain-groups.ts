import { type Call, callWithin } from "../base/call.ts";
import type { Timer } from "../base/clock.ts";
import { isLogError, messageOf } from "../base/errors.ts";
import { groupNeighboursMax, serviceCallMsDefault } from "../base/limits.ts";
import { AFTER_ANY, groupPartitionKey, MEMBER_MARK_PREFIX } from "../storage/item-keys.ts";
import { deleteGroup } from "./delete-group.ts";
import type { GroupParts } from "./group-parts.ts";
import { type ListedGroup, listGroups } from "./list-groups.ts";
import { expiredMembers } from "./sweep-members.ts";

const EVERY_MS = 10 * 60 * 1000;

/**
 * Looks after groups that nobody speaks for any more: members that died together, and offsets of groups that have
 * been empty for longer than offsets are kept. Groups with members keep their offsets whatever their age.
 */
export async function maintainGroups(parts: GroupParts, call: Call): Promise<void> {
  for (const group of await listGroups(parts.context, call)) {
    try {
      if (group.tip.memberCount > 0) await expireDead(parts, group, call);
      else await expireOffsets(parts, group, call);
    } catch (error) {
      if (!isLogError(error)) throw error;
      const { groupId } = group;
      parts.context.runtime.logger.warn("a group could not be looked after", { groupId, error: messageOf(error) });
    }
  }
}

async function expireDead(parts: GroupParts, { groupId }: ListedGroup, call: Call): Promise<void> {
  const { context, store, runner } = parts;
  const pk = groupPartitionKey(groupId);
  const group = await store.read(groupId, call);
  if (group === undefined) return;
  for (let from = MEMBER_MARK_PREFIX, more = true; more; ) {
    const page = await context.items.query({ pk, from, to: `${MEMBER_MARK_PREFIX}${AFTER_ANY}` }, call);
    for (let left = page.items; left.length > 0; ) {
      const marks = left.slice(0, groupNeighboursMax);
      left = left.slice(marks.length);
      const members = await expiredMembers(context, { state: group.state, marks }, call);
      if (members.size > 0) await runner.run(groupId, { kind: "expire", members }, call);
    }
    more = page.more;
    from = `${page.items.at(-1)?.key.sk ?? ""}\u0000`;
  }
}

async function expireOffsets({ context, store }: GroupParts, { groupId, tip }: ListedGroup, call: Call): Promise<void> {
  const emptyBeforeMs = context.runtime.clock.nowMs() - context.settings.offsetsRetentionMs;
  if (tip.emptySinceMs === undefined || tip.emptySinceMs >= emptyBeforeMs) return;
  await deleteGroup(context, store, groupId, call, { emptyBeforeMs });
}

/** The background work of a long-running broker; elsewhere a schedule calls `maintainGroups`. */
export class GroupKeeper {
  readonly #parts: GroupParts;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(parts: GroupParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = this.#parts.context.runtime.clock.startTimer(EVERY_MS, () => {
      this.#timer = undefined;
      this.#running = this.#look().finally(() => this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  async #look(): Promise<void> {
    const { clock, logger } = this.#parts.context.runtime;
    try {
      await maintainGroups(this.#parts, callWithin(clock, serviceCallMsDefault));
    } catch (error) {
      logger.warn("groups could not be looked after", { error: messageOf(error) });
    }
  }
}
