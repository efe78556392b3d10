import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { findOrphans } from "../checkers/orphans.ts";
import type { Stores } from "../checkers/stored-state.ts";
import type { World } from "../world.ts";

/** All of them outlast the longest that a tombstone stays, and then the collector's age. */
const ROUNDS_MAX = 24;
/** For what brokers still roll, merge and compact: what they have rewritten is garbage only then. */
const BETWEEN_ROUNDS_MS = 8000;
const PIECES_MAX = 500;

/** Collects, without faults, until nothing is stored that nobody refers to; reports what no collection takes. */
export async function collectEverything(
  { history, scheduler }: World,
  stores: Stores,
  service: LogService,
  context: () => RequestContext,
): Promise<void> {
  let orphans: readonly string[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    await collectOnce(service, context);
    orphans = await findOrphans(stores);
    if (orphans.length === 0) return;
    await scheduler.sleep(BETWEEN_ROUNDS_MS);
  }
  for (const orphan of orphans) history.report("Liveness", `${orphan} is an orphan that no collection takes`);
}

async function collectOnce(service: LogService, context: () => RequestContext): Promise<void> {
  let after: string | undefined;
  for (let piece = 0; piece < PIECES_MAX; piece++) {
    try {
      after = (await service.collectGarbage(context(), { after })).next;
    } catch (error) {
      if (!isLogError(error) || !error.retriable) throw error;
      continue;
    }
    if (after === undefined) return;
  }
}
