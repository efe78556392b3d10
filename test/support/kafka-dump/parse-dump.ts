export interface DumpedRecord {
  readonly offset: number;
  readonly timestampMs: number;
  /** -1 for null; so too `valueBytes`. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Joined by commas. */
  readonly headerKeys: string;
  readonly key: string;
  readonly value: string;
}

export interface DumpedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly baseSequence: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly leaderEpoch: number;
  /** When its tombstones may go, ms. */
  readonly deleteHorizonMs: number | undefined;
  /** Of its first byte in the file. */
  readonly position: number;
  readonly maxTimestamp: number;
  readonly bytes: number;
  readonly codec: string;
  readonly crc: number;
  readonly isValid: boolean;
  readonly records: DumpedRecord[];
}

const HEADINGS = [/^Dumping \S+\.log$/, /^Log starting offset: 0$/];
const BATCH = new RegExp(
  "^baseOffset: (\\d+) lastOffset: (\\d+) count: (\\d+) baseSequence: (-?\\d+) lastSequence: -?\\d+ " +
    "producerId: (-?\\d+) producerEpoch: (-?\\d+) partitionLeaderEpoch: (\\d+) isTransactional: false " +
    "isControl: false deleteHorizonMs: OptionalLong(?:.empty|\\[(\\d+)\\]) position: (\\d+) CreateTime: (\\d+) size: (\\d+) " +
    "magic: 2 compresscodec: (\\w+) crc: (\\d+) isvalid: (\\w+)$",
);
const RECORD = new RegExp(
  "^\\| offset: (\\d+) CreateTime: (\\d+) keySize: (-?\\d+) valueSize: (-?\\d+) sequence: -?\\d+ " +
    "headerKeys: \\[(.*?)\\](?: key: (\\S*))?(?: payload: (.*))?$",
);

/** What Kafka's dump tool printed of a segment of keyed text; a line of any other kind is a complaint, and fails. */
export function parseDump(text: string): DumpedBatch[] {
  const batches: DumpedBatch[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || HEADINGS.some((heading) => heading.test(line))) continue;
    const [batch, record] = [BATCH.exec(line), RECORD.exec(line)];
    if (batch !== null) batches.push(batchOf(batch));
    else if (record !== null && batches.length > 0) batches.at(-1)?.records.push(recordOf(record));
    else throw new Error(`the dump tool says: ${line}`);
  }
  return batches;
}

function batchOf(match: RegExpExecArray): DumpedBatch {
  const number = (at: number): number => Number(match[at]);
  return {
    baseOffset: number(1),
    lastOffset: number(2),
    count: number(3),
    baseSequence: number(4),
    producerId: number(5),
    producerEpoch: number(6),
    leaderEpoch: number(7),
    deleteHorizonMs: match[8] === undefined ? undefined : number(8),
    position: number(9),
    maxTimestamp: number(10),
    bytes: number(11),
    codec: match[12] ?? "",
    crc: number(13),
    isValid: match[14] === "true",
    records: [],
  };
}

function recordOf(match: RegExpExecArray): DumpedRecord {
  const number = (at: number): number => Number(match[at]);
  return {
    offset: number(1),
    timestampMs: number(2),
    keyBytes: number(3),
    valueBytes: number(4),
    headerKeys: match[5] ?? "",
    key: match[6] ?? "",
    value: match[7] ?? "",
  };
}
