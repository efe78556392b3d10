import { billedLogSettings, embeddedLogSettings, type LogSettings } from "../../../lib/log/log-settings.ts";

const DAY_MS = 86_400_000;
/** What a partition gets within a round is about half of it. */
const ROLL_BYTES = 40_000;

/** The settings of one machine, for logs of kilobytes; what lies about is rolled after a day instead of a minute. */
export const embeddedAtSmallScale: LogSettings = {
  ...embeddedLogSettings,
  roll: { bytes: ROLL_BYTES, ageMs: DAY_MS },
  merge: { ...embeddedLogSettings.merge, bytes: ROLL_BYTES },
};

/** The settings for S3 and DynamoDB, for logs of kilobytes: as there, a merged segment is eight rolled ones. */
export const billedAtSmallScale: LogSettings = {
  ...billedLogSettings,
  roll: { ...billedLogSettings.roll, bytes: ROLL_BYTES },
  merge: { ...billedLogSettings.merge, bytes: 8 * ROLL_BYTES, bufferBytes: ROLL_BYTES },
};
