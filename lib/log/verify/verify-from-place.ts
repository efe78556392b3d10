import type { Clock } from "../../base/clock.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { cursorText, parseCursor, type VerifyCursor } from "./verify-cursor.ts";
import { type VerifyReport, verifyLog } from "./verify-log.ts";
import type { ReadableStores, VerifyOptions, VerifyProgress } from "./verify-run.ts";

export interface PlacedOptions extends Omit<VerifyOptions, "clock" | "from"> {
  /** Where an earlier verification stopped, as it told. */
  readonly from?: string | undefined;
}

export interface PlacedReport extends Omit<VerifyReport, "cursor"> {
  /** Where it was stopped, as text. */
  readonly stoppedAt: string | undefined;
}

interface OpenedStores extends ReadableStores {
  close(): Promise<void> | void;
}

/**
 * As `verifyLog`, on stores that are opened for it, with places as text, for people. A place that no verification
 * has told is refused, with `InvalidArgument`, before anything is opened. The error of a store that failed in the
 * middle says in its details, as `stoppedAt`, where to go on: a long verification outlives a network and credentials.
 */
export async function verifyFromPlace(
  open: () => Promise<OpenedStores>,
  clock: Clock,
  options: PlacedOptions,
): Promise<PlacedReport> {
  const from = options.from === undefined ? undefined : parseCursor(options.from);
  let reached: VerifyCursor | undefined = from;
  const onProgress = (progress: VerifyProgress): void => {
    reached = progress;
    options.onProgress?.(progress);
  };
  const stores = await open();
  try {
    const { cursor, ...report } = await verifyLog(stores, { ...options, clock, from, onProgress });
    return { ...report, stoppedAt: cursor === undefined ? undefined : cursorText(cursor) };
  } catch (error) {
    throw reached === undefined ? error : withPlace(error, reached);
  } finally {
    await stores.close();
  }
}

function withPlace(error: unknown, reached: VerifyCursor): unknown {
  if (!isLogError(error)) return error;
  const { code, message, effect, details } = error;
  return new LogError(code, message, { effect, details: { ...details, stoppedAt: cursorText(reached) }, cause: error });
}
