import type { KeyedAt } from "../log/keyed-records.ts";

/** What one partition must hold: everything that was ever acknowledged, and where its log starts at least. */
export class PartitionModel {
  readonly #records: KeyedAt[] = [];
  logStart = 0;

  get end(): number {
    return this.#records.length;
  }

  /** Takes what was acknowledged at `base`. */
  append(base: number, records: readonly Omit<KeyedAt, "offset">[]): void {
    if (base !== this.end) throw new Error(`acknowledged at ${base}, where ${this.end} was due`);
    for (const record of records) this.#records.push({ ...record, offset: this.end });
  }

  /** What is wrong with what was read from the log start on; undefined when nothing is. */
  problem(found: readonly KeyedAt[], logStart: number, rules: { compacted: boolean; stamped: boolean }) {
    if (logStart < this.logStart || logStart > this.end) return `it starts at ${logStart}`;
    this.logStart = logStart;
    const offsets = new Set<number>();
    for (const { offset, key, value, timestampMs } of found) {
      const sent = this.#records[offset];
      if (sent === undefined || offsets.has(offset)) return `a record that nobody sent stands at ${offset}`;
      const sameTime = rules.stamped ? timestampMs >= sent.timestampMs : timestampMs === sent.timestampMs;
      if (sent.key !== key || sent.value !== value || !sameTime) return `another record stands at ${offset}`;
      offsets.add(offset);
    }
    const lost = this.#kept(logStart, rules.compacted).find(({ offset }) => !offsets.has(offset));
    return lost === undefined ? undefined : `the record at ${lost.offset} is lost`;
  }

  /** What no rule allows to go: above the log start all, or the last of each key that has a value. */
  #kept(logStart: number, compacted: boolean): readonly KeyedAt[] {
    const above = this.#records.slice(logStart);
    if (!compacted) return above;
    const latest = new Map(above.map((record) => [record.key, record]));
    return [...latest.values()].filter(({ value }) => value !== null);
  }
}
