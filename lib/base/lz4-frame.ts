import { viewOf } from "./bytes.ts";
import { damaged, tooLarge } from "./decompression-errors.ts";
import {
  compressLz4Block,
  decompressLz4Block,
  LZ4_BLOCK_BYTES_MAX,
  Lz4BlockError,
  lz4BlockBound,
  measureLz4Block,
} from "./lz4-block.ts";
import { xxh32 } from "./xxh32.ts";

/*
 * An LZ4 frame, little-endian (LZ4 frame format description 1.6.x):
 *
 *   offset  size  field
 *        0     4  magic 0x184D2204
 *        4     1  flags: bits 7-6 version 01, 5 blocks independent, 4 block checksums, 3 content size,
 *                 2 content checksum, 1 reserved, 0 dictionary id
 *        5     1  bits 6-4 block size: 4 to 7 for 64 KiB, 256 KiB, 1 MiB, 4 MiB
 *        6     8  content size, if flagged
 *              1  header checksum: second byte of the XXH32 of the descriptor
 *                 blocks: 4 bytes size (highest bit: stored as it is), data, 4 bytes XXH32 if flagged
 *              4  end mark 0
 *              4  XXH32 of the content, if flagged
 */
const MAGIC = 0x184d2204;
const VERSION_BITS = 0xc0;
const VERSION = 0x40;
const INDEPENDENT = 0x20;
const BLOCK_CHECKSUMS = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const NOT_SUPPORTED = 0x03;
const STORED_BIT = 0x80000000;
const BLOCK_SIZE_64_KIB = 0x40;
const HEADER_BYTES = 7;
const CHECKSUM_BYTES = 4;
const CONTENT_SIZE_BYTES = 8;
const BLOCK_SIZE_BYTES = 4;
const END_MARK = 0;

interface Lz4Block {
  readonly from: number;
  readonly to: number;
  readonly stored: boolean;
}

interface Lz4Descriptor {
  readonly headerBytes: number;
  readonly independent: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentBytes: number | undefined;
  readonly blockBytesMax: number;
}

interface Lz4Blocks {
  readonly blocks: readonly Lz4Block[];
  readonly contentBytes: number;
  /** Where the bytes after the end mark begin. */
  readonly end: number;
}

/** One frame of independent blocks of 64 KiB without checksums: what Kafka's Java client writes and demands. */
export function compressLz4Frame(bytes: Uint8Array): Uint8Array {
  const blockCount = Math.ceil(bytes.byteLength / LZ4_BLOCK_BYTES_MAX);
  const target = new Uint8Array(HEADER_BYTES + lz4BlockBound(bytes.byteLength) + (blockCount + 1) * 20);
  const view = viewOf(target);
  view.setUint32(0, MAGIC, true);
  target[4] = VERSION | INDEPENDENT;
  target[5] = BLOCK_SIZE_64_KIB;
  target[6] = headerChecksum(target.subarray(4, 6));
  let out = HEADER_BYTES;
  for (let from = 0; from < bytes.byteLength; from += LZ4_BLOCK_BYTES_MAX) {
    const to = Math.min(from + LZ4_BLOCK_BYTES_MAX, bytes.byteLength);
    const end = compressLz4Block(bytes, from, to, target, out + 4);
    const compressedBytes = end - out - 4;
    if (compressedBytes < to - from) {
      view.setUint32(out, compressedBytes, true);
      out = end;
    } else {
      view.setUint32(out, (STORED_BIT | (to - from)) >>> 0, true);
      target.set(bytes.subarray(from, to), out + 4);
      out += 4 + to - from;
    }
  }
  view.setUint32(out, 0, true);
  return target.slice(0, out + 4);
}

/** The content of one frame; everything is measured before the output is allocated, once, at its exact size. */
export function decompressLz4Frame(bytes: Uint8Array, bytesMax: number): Uint8Array {
  try {
    const descriptor = readDescriptor(bytes);
    if ((descriptor.contentBytes ?? 0) > bytesMax) throw tooLarge("lz4", bytesMax);
    const measured = measureBlocks(bytes, descriptor, bytesMax);
    if (descriptor.contentBytes !== undefined && descriptor.contentBytes !== measured.contentBytes) {
      throw damaged("lz4", `the frame claims ${descriptor.contentBytes} bytes and holds ${measured.contentBytes}`);
    }
    const content = decompressBlocks(bytes, measured, descriptor.independent);
    checkEnd(bytes, measured.end, descriptor.contentChecksum ? content : undefined);
    return content;
  } catch (error) {
    if (error instanceof Lz4BlockError) throw damaged("lz4", error.message, error);
    throw error;
  }
}

function headerChecksum(descriptor: Uint8Array): number {
  return (xxh32(descriptor) >>> 8) & 0xff;
}

function need(bytes: Uint8Array, at: number, count: number): void {
  if (bytes.byteLength - at < count) throw damaged("lz4", "the frame is cut off");
}

function readDescriptor(bytes: Uint8Array): Lz4Descriptor {
  need(bytes, 0, HEADER_BYTES);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) throw damaged("lz4", "no frame begins here");
  const flags = view.getUint8(4);
  if ((flags & VERSION_BITS) !== VERSION || (flags & NOT_SUPPORTED) !== 0) {
    throw damaged("lz4", `flags ${flags} are not supported`);
  }
  const blockSizeCode = view.getUint8(5) >>> 4;
  if (blockSizeCode < 4 || blockSizeCode > 7) throw damaged("lz4", `block size ${blockSizeCode} is not defined`);
  const hasContentSize = (flags & CONTENT_SIZE) !== 0;
  const headerBytes = hasContentSize ? HEADER_BYTES + CONTENT_SIZE_BYTES : HEADER_BYTES;
  need(bytes, 0, headerBytes);
  if (view.getUint8(headerBytes - 1) !== headerChecksum(bytes.subarray(4, headerBytes - 1))) {
    throw damaged("lz4", "the header does not match its checksum");
  }
  return {
    headerBytes,
    independent: (flags & INDEPENDENT) !== 0,
    blockChecksums: (flags & BLOCK_CHECKSUMS) !== 0,
    contentChecksum: (flags & CONTENT_CHECKSUM) !== 0,
    contentBytes: hasContentSize ? Number(view.getBigUint64(6, true)) : undefined,
    blockBytesMax: 2 ** (8 + 2 * blockSizeCode),
  };
}

function measureBlocks(bytes: Uint8Array, descriptor: Lz4Descriptor, bytesMax: number): Lz4Blocks {
  const view = viewOf(bytes);
  const checksumBytes = descriptor.blockChecksums ? CHECKSUM_BYTES : 0;
  const blocks: Lz4Block[] = [];
  let contentBytes = 0;
  let at = descriptor.headerBytes;
  for (;;) {
    need(bytes, at, BLOCK_SIZE_BYTES);
    const size = view.getUint32(at, true);
    const from = at + BLOCK_SIZE_BYTES;
    if (size === END_MARK) return { blocks, contentBytes, end: from };
    const stored = size >= STORED_BIT;
    const to = from + (stored ? size - STORED_BIT : size);
    need(bytes, from, to - from + checksumBytes);
    const blockBytes = stored ? to - from : measureLz4Block(bytes, from, to);
    if (blockBytes > descriptor.blockBytesMax) {
      throw damaged("lz4", `a block holds ${blockBytes} bytes of at most ${descriptor.blockBytesMax}`);
    }
    contentBytes += blockBytes;
    if (contentBytes > bytesMax) throw tooLarge("lz4", bytesMax);
    if (checksumBytes > 0 && xxh32(bytes.subarray(from, to)) !== view.getUint32(to, true)) {
      throw damaged("lz4", "a block does not match its checksum");
    }
    blocks.push({ from, to, stored });
    at = to + checksumBytes;
  }
}

function decompressBlocks(bytes: Uint8Array, measured: Lz4Blocks, independent: boolean): Uint8Array {
  const content = new Uint8Array(measured.contentBytes);
  let out = 0;
  for (const { from, to, stored } of measured.blocks) {
    if (stored) content.set(bytes.subarray(from, to), out);
    out = stored ? out + to - from : decompressLz4Block(bytes, from, to, content, out, independent ? out : 0);
  }
  return content;
}

/** Checks what follows the end mark: the checksum of `content` when there is one, then nothing. */
function checkEnd(bytes: Uint8Array, at: number, content: Uint8Array | undefined): void {
  let end = at;
  if (content !== undefined) {
    need(bytes, at, CHECKSUM_BYTES);
    if (xxh32(content) !== viewOf(bytes).getUint32(at, true)) {
      throw damaged("lz4", "the content does not match its checksum");
    }
    end += CHECKSUM_BYTES;
  }
  if (end !== bytes.byteLength) throw damaged("lz4", `${bytes.byteLength - end} bytes follow the frame`);
}
