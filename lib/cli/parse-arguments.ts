import { InvalidArgumentError } from "commander";

/** A parser of whole numbers from `least` on, for commander's options. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
  };
}

/** A whole number of either sign, for commander's options. */
export function signedNumber(text: string): number {
  const number = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError("Expected a whole number, such as -100.");
}

export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** "key=value" to a pair, after those given before; only the first "=" counts. */
export function collectPairs(text: string, before: readonly Pair[] = []): readonly Pair[] {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("Expected KEY=VALUE.");
  return [...before, { key: text.slice(0, at), value: text.slice(at + 1) }];
}

/** One more of an option that may be repeated. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

const ISO = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** ISO 8601 to ms since the Unix epoch; a time without a zone is UTC. */
export function isoTimestamp(text: string): number {
  const parts = ISO.exec(text);
  const [, day, time, , , zone] = parts ?? [];
  const zoned = time !== undefined && zone === undefined ? `${text}Z` : text;
  const timestampMs = parts === null || !isDay(day ?? "") ? Number.NaN : Date.parse(zoned);
  if (Number.isNaN(timestampMs)) {
    throw new InvalidArgumentError("Expected a time such as 2026-11-20, or 2026-11-20T15:04:05Z.");
  }
  return timestampMs;
}

// Date.parse takes the 30th of February for the 2nd of March.
function isDay(day: string): boolean {
  const startMs = Date.parse(day);
  return !Number.isNaN(startMs) && new Date(startMs).toISOString().startsWith(day);
}
