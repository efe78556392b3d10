import { systemRuntime } from "../base/system-runtime.ts";
import { cursorText, parseCursor } from "../log/verify/verify-cursor.ts";
import { type VerifyReport, verifyLog } from "../log/verify/verify-log.ts";
import type { VerifyOptions } from "../log/verify/verify-run.ts";
import { openLocalStores } from "./local-stores.ts";

export type { Damage } from "../log/verify/damage.ts";
export type { VerifyProgress } from "../log/verify/verify-run.ts";

export interface VerifyDataOptions extends Omit<VerifyOptions, "clock" | "from"> {
  /** Where an earlier verification stopped, as it told. */
  readonly from?: string | undefined;
}

export interface DataReport extends Omit<VerifyReport, "cursor"> {
  /** Where it was stopped, as text. */
  readonly stoppedAt: string | undefined;
}

/**
 * Verifies the log in a data directory that no server uses. Fails with `StoreLocked` when one does, with
 * `StoreMissing` when nothing is there, with `InvalidArgument` for a place that no verification has told.
 */
export async function verifyData(dataDir: string, options: VerifyDataOptions): Promise<DataReport> {
  const from = options.from === undefined ? undefined : parseCursor(options.from);
  const runtime = await systemRuntime();
  const stores = await openLocalStores({ dataDir, create: false }, runtime);
  try {
    const { cursor, ...report } = await verifyLog(stores, { ...options, clock: runtime.clock, from });
    return { ...report, stoppedAt: cursor === undefined ? undefined : cursorText(cursor) };
  } finally {
    await stores.close();
  }
}
