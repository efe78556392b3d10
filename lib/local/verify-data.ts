import { systemRuntime } from "../base/system-runtime.ts";
import { type PlacedOptions, type PlacedReport, verifyFromPlace } from "../log/verify/verify-from-place.ts";
import { openLocalStores } from "./local-stores.ts";

export type { Damage } from "../log/verify/damage.ts";
export type { PlacedOptions, PlacedReport } from "../log/verify/verify-from-place.ts";

/**
 * Verifies the log in a data directory that no server uses. Fails with `StoreLocked` when one does, with
 * `StoreMissing` when nothing is there, with `InvalidArgument` for a place that no verification has told.
 */
export async function verifyData(dataDir: string, options: PlacedOptions): Promise<PlacedReport> {
  const runtime = await systemRuntime();
  return verifyFromPlace(() => openLocalStores({ dataDir, create: false }, runtime), runtime.clock, options);
}
