import type { History, KnownPartition } from "../history.ts";

export type RecordOutcome =
  | { readonly kind: "pending" | "refused" | "unknown" }
  /** `offset` -1: it stands, but where was no longer known. */
  | { readonly kind: "published"; readonly partition: number; readonly offset: number };

/** One record that was given to `publish`. */
export interface LedgerRecord {
  /** "sdk-0/7": the producer and its count. Its value begins with it. */
  readonly name: string;
  readonly producer: string;
  readonly order: number;
  readonly topic: string;
  /** The topic's life when it was published: its first partition's, as every partition lives equally long. */
  readonly life: KnownPartition | undefined;
  outcome: RecordOutcome;
}

/** What users of the SDK were told, record by record. */
export class RecordLedger {
  readonly #history: History;
  readonly #records = new Map<string, LedgerRecord>();
  readonly #seen = new Map<KnownPartition, Map<number, string>>();

  constructor(history: History) {
    this.#history = history;
  }

  get records(): Iterable<LedgerRecord> {
    return this.#records.values();
  }

  publishing(record: Omit<LedgerRecord, "life" | "outcome">): LedgerRecord {
    const entry: LedgerRecord = {
      ...record,
      life: this.#history.known(record.topic, 0),
      outcome: { kind: "pending" },
    };
    this.#records.set(record.name, entry);
    return entry;
  }

  find(name: string): LedgerRecord | undefined {
    return this.#records.get(name);
  }

  /** A record was seen at an offset of a life: no other may be there. */
  saw(known: KnownPartition, offset: number, name: string, how: string): void {
    const seen = this.#seen.get(known) ?? new Map<number, string>();
    this.#seen.set(known, seen);
    const other = seen.get(offset);
    if (other !== undefined && other !== name) {
      const where = `${known.topic}-${known.partition} offset ${offset}`;
      this.#history.report("OffsetUnique", `${where} was ${other}, then ${how} as ${name}`);
    }
    seen.set(offset, name);
    known.end = Math.max(known.end, offset + 1);
  }

  seenOf(known: KnownPartition): ReadonlyMap<number, string> {
    return this.#seen.get(known) ?? new Map();
  }
}

/** Records of every producer here begin with their name and a blank. */
export function recordName(value: Uint8Array | null): string {
  const text = Buffer.from(value ?? []).toString("latin1", 0, 64);
  const end = text.indexOf(" ");
  return end < 0 ? text : text.slice(0, end);
}
