/** A broken invariant of our own: never caught, never answered to a client as anything but an internal error. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Crashes the operation loudly when an invariant of ours does not hold. Not for bad input. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(what);
}

/** Marks the end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`);
}

/** The value, where its absence would be a broken invariant. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new InvariantError(`missing: ${what}`);
  return value;
}
