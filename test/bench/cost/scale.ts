/** How much of everything is done. */
export interface CostScale {
  /** Everything once and small: shows that the bench works; the figures are too small to mean anything. */
  readonly quick: boolean;
  /** Of the API's function for a request with so many bytes: measured at the start. */
  readonly processorMs: (bytes: number) => number;
}

const MINUTE_MS = 60_000;

/** How long a load lasts that takes so many minutes in earnest. */
export function loadMs({ quick }: CostScale, minutes: number): number {
  return quick ? 5000 : minutes * MINUTE_MS;
}

const KIB = 1024;
const MIB = KIB * KIB;

export function bytesText(bytes: number): string {
  if (bytes % MIB === 0) return `${bytes / MIB} MiB`;
  return bytes % KIB === 0 ? `${bytes / KIB} KiB` : `${bytes} B`;
}

/** Dollars, with two figures behind the point or as many as they need to say something. */
export function dollarText(dollars: number): string {
  if (Math.abs(dollars) < 0.000_05) return "0";
  const digits = Math.abs(dollars) >= 0.1 ? 2 : Math.abs(dollars) >= 0.01 ? 3 : 4;
  return dollars.toFixed(digits);
}
