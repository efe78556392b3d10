import type { Clock } from "../../base/clock.ts";
import { cursorText, parseCursor } from "./verify-cursor.ts";
import { type VerifyReport, verifyLog } from "./verify-log.ts";
import type { ReadableStores, VerifyOptions } from "./verify-run.ts";

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
 * has told is refused, with `InvalidArgument`, before anything is opened.
 */
export async function verifyFromPlace(
  open: () => Promise<OpenedStores>,
  clock: Clock,
  options: PlacedOptions,
): Promise<PlacedReport> {
  const from = options.from === undefined ? undefined : parseCursor(options.from);
  const stores = await open();
  try {
    const { cursor, ...report } = await verifyLog(stores, { ...options, clock, from });
    return { ...report, stoppedAt: cursor === undefined ? undefined : cursorText(cursor) };
  } finally {
    await stores.close();
  }
}
