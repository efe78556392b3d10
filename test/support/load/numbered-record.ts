const SMALL_BYTES = 60;
const MIDDLE_BYTES = 3000;
const LARGE_BYTES = 150_000;
const MIDDLE_EVERY = 7;
const LARGE_EVERY = 60;

/** Names a producer's record. */
export const recordId = (producer: string, number: number): string => `${producer}-${number}`;

/** Who sent the record of this name, and as which of its records. */
export function partsOfId(id: string): { producer: string; number: number } {
  const at = id.lastIndexOf("-");
  return { producer: id.slice(0, at), number: Number(id.slice(at + 1)) };
}

/** The record's value: its name, and as much behind it as sends it by each of the log's ways now and then. */
export function numberedValue(producer: string, number: number): string {
  const bytes = number % LARGE_EVERY === 0 ? LARGE_BYTES : number % MIDDLE_EVERY === 0 ? MIDDLE_BYTES : SMALL_BYTES;
  return `${recordId(producer, number)}:`.padEnd(bytes, String(number));
}

/** The name in a value that was read; fails when the value is not the one that belongs to it. */
export function idOfValue(value: string | null): string {
  const id = value?.slice(0, value.indexOf(":")) ?? "";
  const { producer, number } = partsOfId(id);
  if (value !== numberedValue(producer, number)) throw new Error(`a record reads back as ${value?.slice(0, 100)}`);
  return id;
}
