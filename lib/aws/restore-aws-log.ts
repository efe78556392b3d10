import { systemRuntime } from "../base/system-runtime.ts";
import { restoreLog } from "../log/restore/restore-log.ts";
import type { RestoreReport } from "../log/restore/restore-report.ts";
import type { RestoreOptions } from "../log/restore/restore-run.ts";
import type { AwsStorage } from "./aws-stores.ts";
import { openStoresLazily } from "./open-stores-lazily.ts";

/**
 * Restores the log in a bucket, whose table is lost, into an empty table. No broker may run on the two meanwhile.
 * Fails as `restoreLog` and `openLog` do.
 */
export async function restoreAwsLog(
  where: AwsStorage,
  options: Omit<RestoreOptions, "runtime">,
): Promise<RestoreReport> {
  const own = await systemRuntime();
  const stores = await openStoresLazily(where, own);
  try {
    return await restoreLog(stores, { ...options, runtime: { ...own, clock: stores.clock ?? own.clock } });
  } finally {
    stores.close();
  }
}
