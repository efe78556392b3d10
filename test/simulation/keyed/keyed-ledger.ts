import type { DecodedRecord } from "../../../lib/records/record-data.ts";
import type { History } from "../history.ts";

export interface KeyedSent {
  /** "keyed-0/12.3": the producer, its batch, the record. */
  readonly name: string;
  readonly place: string;
  readonly key: string;
  readonly tombstone: boolean;
  outcome: "pending" | "acknowledged" | "refused" | "unknown";
  offset: number | undefined;
}

/** What somebody has read of a partition, from its beginning to its end. */
export interface Reading {
  readonly place: string;
  /** What was acknowledged when it began. */
  readonly before: readonly KeyedSent[];
  /** The highest offset seen of each key, and how many records. */
  readonly seen: Map<string, { offset: number; count: number }>;
  next: number;
}

/** What clients of compacted topics were told, record by record; judges what they read. */
export class KeyedLedger {
  readonly #history: History;
  readonly #sent = new Map<string, KeyedSent>();
  readonly #at = new Map<string, string>();

  constructor(history: History) {
    this.#history = history;
  }

  sending(record: Omit<KeyedSent, "outcome" | "offset">): KeyedSent {
    const sent: KeyedSent = { ...record, outcome: "pending", offset: undefined };
    this.#sent.set(sent.name, sent);
    return sent;
  }

  acknowledged(sent: KeyedSent, offset: number): void {
    sent.outcome = "acknowledged";
    this.#stands(sent, offset, "acknowledged");
  }

  begin(place: string): Reading {
    const before = [...this.#sent.values()].filter((each) => each.place === place && each.outcome === "acknowledged");
    return { place, before, seen: new Map(), next: 0 };
  }

  saw(reading: Reading, record: DecodedRecord): void {
    const { place } = reading;
    const name = Buffer.from(record.headers[0]?.value ?? []).toString();
    const sent = this.#sent.get(name);
    const where = `${place} offset ${record.offset}`;
    const key = Buffer.from(record.key ?? []).toString();
    if (sent === undefined || sent.place !== place || sent.key !== key || sent.tombstone !== (record.value === null)) {
      this.#history.report("NoPhantom", `${where} holds a record ${name} of key ${key} that nobody has sent`);
      return;
    }
    if (sent.outcome === "refused") this.#history.report("NoPhantom", `${where}: ${name} was refused`);
    if (record.offset < reading.next) this.#history.report("Tiling", `${where} comes after ${reading.next}`);
    reading.next = record.offset + 1;
    this.#stands(sent, record.offset, "read");
    const seen = reading.seen.get(key);
    reading.seen.set(key, { offset: record.offset, count: (seen?.count ?? 0) + 1 });
  }

  /** The newest record of each key must have been there, or a newer one; or nothing, where that is a tombstone. */
  end(reading: Reading): void {
    const newest = new Map<string, KeyedSent>();
    for (const sent of reading.before) {
      if ((sent.offset ?? -1) > (newest.get(sent.key)?.offset ?? -1)) newest.set(sent.key, sent);
    }
    for (const [key, sent] of newest) {
      if (sent.offset === undefined || (reading.seen.get(key)?.offset ?? -1) >= sent.offset) continue;
      if (this.#mayBeGone(reading.place, key, sent.offset)) continue;
      const where = `${reading.place}: the last record of key ${key}`;
      this.#history.report("AckDurable", `${where}, ${sent.name} at ${sent.offset}, is gone`);
    }
  }

  #mayBeGone(place: string, key: string, from: number): boolean {
    for (const sent of this.#sent.values()) {
      const hides = sent.tombstone && sent.key === key && sent.place === place && sent.outcome !== "refused";
      if (hides && (sent.offset === undefined || sent.offset >= from)) return true;
    }
    return false;
  }

  /** What stands at an offset stands there for ever, and nowhere else. */
  #stands(sent: KeyedSent, offset: number, how: string): void {
    const where = `${sent.place} offset ${offset}`;
    const other = this.#at.get(where);
    if (other !== undefined && other !== sent.name) {
      this.#history.report("MergeIdentity", `${where} was ${other}, then ${how} as ${sent.name}`);
    }
    if (sent.offset !== undefined && sent.offset !== offset) {
      this.#history.report("OffsetUnique", `${sent.name} was at ${sent.offset}, then ${how} at ${offset}`);
    }
    this.#at.set(where, sent.name);
    sent.offset = offset;
  }
}
