const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** "1 byte", "512 bytes", "1.5 MiB". */
export function bytesText(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  for (; amount >= 1024 && unit < UNITS.length - 1; unit++) amount /= 1024;
  if (unit === 0) return countText(bytes, "byte");
  return `${amount.toFixed(1)} ${UNITS[unit]}`;
}

/** "1 record", "12,345 records". */
export function countText(count: number, noun: string): string {
  return `${groupedText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** "1,234,567": the same on every machine, whatever its locale. */
export function groupedText(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ",");
}

export interface Tally {
  readonly records: number;
  readonly bytes: number;
}

/** "12,345 records, 1.5 MiB, 61,725 records/s". */
export function summaryText({ records, bytes }: Tally, elapsedMs: number): string {
  const perSecond = groupedText((records / Math.max(elapsedMs, 1)) * 1000);
  return `${countText(records, "record")}, ${bytesText(bytes)}, ${perSecond} records/s`;
}
