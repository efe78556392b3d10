import { systemRuntime } from "../base/system-runtime.ts";
import { restoreLog } from "../log/restore/restore-log.ts";
import type { RestoreReport } from "../log/restore/restore-report.ts";
import type { RestoreOptions } from "../log/restore/restore-run.ts";
import { openLocalStores } from "./local-stores.ts";

export type { RestoredPartition, RestoreReport } from "../log/restore/restore-report.ts";
export type RestoreDataOptions = Omit<RestoreOptions, "runtime">;

/**
 * Restores the log in a data directory whose item store is lost: objects there, `items.db` not. Fails as `restoreLog`
 * does, and with `StoreLocked` when a server uses the directory.
 */
export async function restoreData(dataDir: string, options: RestoreDataOptions): Promise<RestoreReport> {
  const runtime = await systemRuntime();
  const stores = await openLocalStores({ dataDir, create: false }, runtime);
  try {
    return await restoreLog(stores, { ...options, runtime });
  } finally {
    await stores.close();
  }
}
