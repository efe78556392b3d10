/** The topics of the tests that kill a log's upkeep: one for each way in which records stay or go. */
export const UPKEEP_TOPICS = [
  { name: "kept", partitions: 2, configs: { "retention.ms": "-1" } },
  { name: "keyed", partitions: 2, configs: { "cleanup.policy": "compact", "delete.retention.ms": "60000" } },
  { name: "short", partitions: 1, configs: { "retention.bytes": "60000" } },
] as const;

const KEYS = 40;
const FILLER_CHARS_MAX = 400;

/** A record by the process that sent it and its number there: whoever knows its name knows its content. */
export function upkeepRecord(run: number, number: number): { readonly key: string; readonly value: string } {
  const filler = (run * 31 + number * 17) % FILLER_CHARS_MAX;
  return { key: `key ${(run + number) % KEYS}`, value: `${run}-${number} ${".".repeat(filler)}` };
}
