import { utf8 } from "../../lib/base/bytes.ts";
import { crc32c } from "../../lib/base/crc32c.ts";

/** One producer id's run of sequences in one partition. */
export interface Session {
  readonly name: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export type Outcome = "pending" | "acknowledged" | "refused" | "unknown";

/** One batch that a client has sent, with all that its client knows of it. Its bytes are like no other's. */
export interface SentBatch {
  /** "p2/7": the client and its count; each record's value begins with it. */
  readonly name: string;
  readonly client: string;
  readonly topic: string;
  readonly partition: number;
  readonly session: Session | undefined;
  /** Order in which the client made its batches for this partition. */
  readonly order: number;
  readonly records: number;
  readonly bytes: Uint8Array;
  readonly invokedAtMs: number;
  /** Requests that carried it. Each names the topic, so a late one may land in a later topic of that name. */
  attempts: number;
  outcome: Outcome;
  completedAtMs: number | undefined;
  /** As acknowledged; undefined for a duplicate whose offset the log no longer knew. */
  baseOffset: number | undefined;
}

export interface BatchPlan {
  readonly name: string;
  readonly records: number;
  /** Length of each value. */
  readonly valueBytes: number;
  readonly timestampMs: number;
  readonly session: Session | undefined;
  readonly baseSequence: number;
}

const HEADER_BYTES = 61;
const CRC_FROM = 21;

/**
 * A batch of magic 2, uncompressed. Written apart from the product's own encoder on purpose, so that a mistake
 * there is not made twice.
 */
export function encodeSentBatch(plan: BatchPlan): Uint8Array {
  const records: number[] = [];
  for (let at = 0; at < plan.records; at++) pushRecord(records, at, valueOfRecord(plan, at));
  const bytes = new Uint8Array(HEADER_BYTES + records.length);
  bytes.set(records, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, bytes.byteLength - 12);
  view.setInt32(12, -1);
  view.setInt8(16, 2);
  view.setInt32(23, plan.records - 1);
  view.setBigInt64(27, BigInt(plan.timestampMs));
  view.setBigInt64(35, BigInt(plan.timestampMs));
  view.setBigInt64(43, BigInt(plan.session?.producerId ?? -1));
  view.setInt16(51, plan.session?.producerEpoch ?? -1);
  view.setInt32(53, plan.session === undefined ? -1 : plan.baseSequence);
  view.setInt32(57, plan.records);
  view.setUint32(17, crc32c(bytes.subarray(CRC_FROM)));
  return bytes;
}

/** Whether `stored` is `sent` but for what a log may change: base offset and leader epoch. */
export function isSameBatch(sent: Uint8Array, stored: Uint8Array): boolean {
  return (
    sent.byteLength === stored.byteLength &&
    Buffer.compare(sent.subarray(8, 12), stored.subarray(8, 12)) === 0 &&
    Buffer.compare(sent.subarray(16), stored.subarray(16)) === 0
  );
}

/** The CRC in a batch's header: what a batch is looked up by. */
export function crcOf(batch: Uint8Array): number {
  return new DataView(batch.buffer, batch.byteOffset, batch.byteLength).getUint32(17);
}

function valueOfRecord(plan: BatchPlan, at: number): Uint8Array {
  const value = new Uint8Array(plan.valueBytes).fill(0x2e);
  const label = utf8(`${plan.name}.${at} `);
  value.set(label.subarray(0, value.byteLength));
  return value;
}

function pushRecord(out: number[], offsetDelta: number, value: Uint8Array): void {
  const body: number[] = [0];
  pushVarint(body, 0);
  pushVarint(body, offsetDelta);
  pushVarint(body, -1);
  pushVarint(body, value.byteLength);
  for (const byte of value) body.push(byte);
  pushVarint(body, 0);
  pushVarint(out, body.length);
  for (const byte of body) out.push(byte);
}

/** Zigzag, then seven bits at a time. */
function pushVarint(out: number[], value: number): void {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}
