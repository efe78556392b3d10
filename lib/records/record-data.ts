/** One header of a record; its value may be null. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record as a producer gives it. A null value is a tombstone where the topic is compacted. */
export interface RecordData {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** ms since the Unix epoch; -1 for none. */
  readonly timestampMs: number;
}

/** A record as it stands in the log. Its bytes are views of what was decoded: they are not to be changed. */
export interface DecodedRecord extends RecordData {
  readonly offset: number;
}
