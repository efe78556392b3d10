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
/** Lengths, deltas and the empty key and headers of one record, at their longest. */
const RECORD_OVERHEAD_MAX = 24;

/**
 * A batch of magic 2, uncompressed. Written apart from the product's own encoder on purpose, so that a mistake
 * there is not made twice.
 */
export function encodeSentBatch(plan: BatchPlan): Uint8Array {
  const room = Buffer.alloc(HEADER_BYTES + plan.records * (plan.valueBytes + RECORD_OVERHEAD_MAX));
  let end = HEADER_BYTES;
  for (let at = 0; at < plan.records; at++) end = writeRecord(room, end, at, plan);
  const bytes = new Uint8Array(room.subarray(0, end));
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

/** Attributes, timestamp delta, offset delta, no key, a value that begins with its name, no headers. */
function writeRecord(out: Buffer, start: number, offsetDelta: number, plan: BatchPlan): number {
  const bodyBytes = 4 + varintBytes(offsetDelta) + varintBytes(plan.valueBytes) + plan.valueBytes;
  let at = writeVarint(out, start, bodyBytes);
  out[at++] = 0;
  at = writeVarint(out, at, 0);
  at = writeVarint(out, at, offsetDelta);
  at = writeVarint(out, at, -1);
  at = writeVarint(out, at, plan.valueBytes);
  out.fill(0x2e, at, at + plan.valueBytes);
  out.write(`${plan.name}.${offsetDelta} `, at, plan.valueBytes);
  at += plan.valueBytes;
  return writeVarint(out, at, 0);
}

/** Zigzag, then seven bits at a time. Answers with where the next byte goes. */
function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start;
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 0x7f; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}

function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let bytes = 1;
  for (; rest > 0x7f; rest >>>= 7) bytes++;
  return bytes;
}
