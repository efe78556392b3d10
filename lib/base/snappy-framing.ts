import { viewOf } from "./bytes.ts";
import { damaged, tooLarge } from "./decompression-errors.ts";
import {
  compressSnappyBlock,
  decompressSnappyElements,
  readSnappyBlockHead,
  SNAPPY_BLOCK_BYTES_MAX,
  type SnappyBlockHead,
  snappyBlockBound,
} from "./snappy-block.ts";

/*
 * The framing of Java's snappy library ("xerial"), big-endian:
 *
 *   offset  size  field
 *        0     8  magic: 0x82 "SNAPPY" 0x00
 *        8     4  version, 1
 *       12     4  lowest version that can read it, 1
 *       16        blocks: 4 bytes size, then a raw snappy block
 */
const MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
const FRAMING_HEADER_BYTES = 16;
const FRAMING_VERSION = 1;
const BLOCK_SIZE_BYTES = 4;
/** What Java's library takes by default. */
const FRAMED_BLOCK_BYTES = SNAPPY_BLOCK_BYTES_MAX / 2;

interface FramedBlock extends SnappyBlockHead {
  readonly elementsTo: number;
}

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const blockCount = Math.ceil(bytes.byteLength / FRAMED_BLOCK_BYTES);
  const blockBound = BLOCK_SIZE_BYTES + snappyBlockBound(FRAMED_BLOCK_BYTES);
  const target = new Uint8Array(FRAMING_HEADER_BYTES + blockCount * blockBound);
  const view = viewOf(target);
  target.set(MAGIC);
  view.setInt32(8, FRAMING_VERSION);
  view.setInt32(12, FRAMING_VERSION);
  let out = FRAMING_HEADER_BYTES;
  for (let from = 0; from < bytes.byteLength; from += FRAMED_BLOCK_BYTES) {
    const to = Math.min(from + FRAMED_BLOCK_BYTES, bytes.byteLength);
    const end = compressSnappyBlock(bytes, from, to, target, out + BLOCK_SIZE_BYTES);
    view.setInt32(out, end - out - BLOCK_SIZE_BYTES);
    out = end;
  }
  return target.slice(0, out);
}

/** Content of Java's framing, or of one raw block where its magic is absent: Kafka's clients send both. */
export function decompressSnappy(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const blocks = isFramed(bytes) ? framedBlocks(bytes, bytesMax) : [blockAt(bytes, 0, bytes.byteLength, bytesMax)];
  let contentBytes = 0;
  for (const block of blocks) contentBytes += block.contentBytes;
  const target = new Uint8Array(contentBytes);
  let out = 0;
  for (const block of blocks) {
    const end = out + block.contentBytes;
    decompressSnappyElements(bytes, block.elementsFrom, block.elementsTo, target, out, end);
    out = end;
  }
  return target;
}

function isFramed(bytes: Uint8Array): boolean {
  if (bytes.byteLength < FRAMING_HEADER_BYTES) return false;
  return MAGIC.every((byte, at) => bytes[at] === byte);
}

function framedBlocks(bytes: Uint8Array, bytesMax: number): FramedBlock[] {
  const view = viewOf(bytes);
  const lowestReader = view.getInt32(12);
  if (lowestReader > FRAMING_VERSION) throw damaged("snappy", `framing version ${lowestReader} is not supported`);
  const blocks: FramedBlock[] = [];
  let left = bytesMax;
  let at = FRAMING_HEADER_BYTES;
  while (at < bytes.byteLength) {
    if (bytes.byteLength - at < BLOCK_SIZE_BYTES) throw damaged("snappy", "a block's size is cut off");
    const blockBytes = view.getInt32(at);
    at += BLOCK_SIZE_BYTES;
    if (blockBytes < 0 || blockBytes > bytes.byteLength - at) {
      throw damaged("snappy", `a block claims ${blockBytes} bytes of ${bytes.byteLength - at}`);
    }
    const block = blockAt(bytes, at, at + blockBytes, left, bytesMax);
    blocks.push(block);
    left -= block.contentBytes;
    at += blockBytes;
  }
  return blocks;
}

function blockAt(bytes: Uint8Array, from: number, to: number, left: number, bytesMax = left): FramedBlock {
  const head = readSnappyBlockHead(bytes, from, to, bytesMax);
  if (head.contentBytes > left) throw tooLarge("snappy", bytesMax);
  return { ...head, elementsTo: to };
}
