import type { CollectedGarbage, CollectGarbageRequest } from "../../api/maintenance-types.ts";
import type { Call } from "../../base/call.ts";
import { type GroupsResult, maintainGroups } from "../../groups/maintain-groups.ts";
import { collect } from "../../log/collect/collect.ts";
import type { ServiceCore } from "../service-core.ts";
import { type RewriteResult, rewriteSegments } from "./rewrite-segments.ts";
import { type SweepResult, sweepPartitions } from "./sweep-partitions.ts";

/**
 * The work that nobody asks for, as a server's background work, a scheduled function or a test calls it. Everything
 * may be run by any number of brokers at once, cut off anywhere, and run again.
 */
export interface Maintenance {
  /**
   * Goes through all partitions: entries that have lain about become segments, and retention is applied. Ends early
   * with the call's time; then `next` says where to go on.
   */
  runRetention(request: { readonly after?: string | undefined }, call: Call): Promise<SweepResult>;
  /**
   * Merges and compacts. Ends early with the call's time, at a minute before it since a compaction that is cut off
   * begins anew; then `next` says where to go on. The time should be long, or without an end but for its signal.
   */
  runRewriting(request: { readonly after?: string | undefined }, call: Call): Promise<RewriteResult>;
  /** Deletes stored bytes that nothing refers to; ends early with the call's time, and says where to go on. */
  runCollection(request: CollectGarbageRequest, call: Call): Promise<CollectedGarbage>;
  /** Looks after consumer groups that nobody speaks for; ends early with the call's time, and says where to go on. */
  runGroups(request: { readonly after?: string | undefined }, call: Call): Promise<GroupsResult>;
}

export function maintenanceOf(core: ServiceCore, incarnation: string): Maintenance {
  const { context } = core.engine;
  const between = (): Promise<void> => core.traffic.giveWay();
  return {
    runRetention: ({ after }, call) => sweepPartitions(core, after, call),
    runRewriting: ({ after }, call) => rewriteSegments(core, after, call),
    runGroups: ({ after }, call) => maintainGroups(core.groups, after, call),
    runCollection: ({ dryRun = false, after }, call) => {
      const { collectionAgeMs: ageMs } = context.settings;
      return collect(context, { incarnation, ageMs, dryRun }, { after, between }, call);
    },
  };
}
