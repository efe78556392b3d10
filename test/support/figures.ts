import { appendFileSync } from "node:fs";

/** A number that a test measured or counted and that is worth keeping with the commit. */
export interface Figure {
  readonly name: string;
  readonly value: number | string;
}

/** Prints figures, and hands them to `npm run soak`, which keeps them. */
export function recordFigures(figures: Readonly<Record<string, number | string>>): void {
  const file = process.env.TIDELOG_TEST_FIGURES;
  for (const [name, value] of Object.entries(figures)) {
    console.info(`${name}: ${value}`);
    if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, value } satisfies Figure)}\n`);
  }
}

/** Rounded, as one figure: what is usual, the worst, and of how many. */
export function medianAndMost(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted.length === 0
    ? "none"
    : `${Math.round(sorted[sorted.length >> 1] ?? 0)}, ${Math.round(sorted.at(-1) ?? 0)} (${sorted.length})`;
}
