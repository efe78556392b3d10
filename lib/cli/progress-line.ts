import { bytesText } from "./figures.ts";

const BAR_COLUMNS_MAX = 40;
const BAR_COLUMNS_MIN = 10;

export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly elapsedMs: number;
}

/** "[#####-----]  50%  1.0 MiB of 2.0 MiB  3.5 MiB/s", no longer than the terminal is wide. */
export function progressLine({ doneBytes, totalBytes, elapsedMs }: Progress, columns: number): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const perSecond = bytesText(Math.round((doneBytes / Math.max(elapsedMs, 1)) * 1000));
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const figures = ` ${percent}  ${bytesText(doneBytes)} of ${bytesText(totalBytes)}  ${perSecond}/s`;
  const room = Math.min(BAR_COLUMNS_MAX, columns - figures.length - 3);
  if (room < BAR_COLUMNS_MIN) return figures.trimStart().slice(0, Math.max(0, columns - 1));
  const filled = Math.round(share * room);
  return `[${"#".repeat(filled)}${"-".repeat(room - filled)}]${figures}`;
}
