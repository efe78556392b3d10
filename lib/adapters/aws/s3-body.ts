import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { byteLengthOf, concatBytes, viewOf } from "../../base/bytes.ts";

/** Parts below this are gathered: a write to the socket for each of thousands would cost more than the copy. */
const CHUNK_BYTES = 64 * 1024;

export interface S3Body {
  readonly Body: Uint8Array | Readable;
  readonly ContentLength: number;
  readonly ChecksumCRC32: string;
}

/**
 * Parts as the body of one request, large ones uncopied, with the checksum by which S3 refuses what does not
 * arrive whole and which it keeps for the readers. Known beforehand, it saves the framing of trailing checksums.
 */
export function s3BodyOf(parts: readonly Uint8Array[]): S3Body {
  const bytes = byteLengthOf(parts);
  return {
    Body: bytes <= CHUNK_BYTES ? concatBytes(parts) : Readable.from(chunksOf(parts), { objectMode: false }),
    ContentLength: bytes,
    ChecksumCRC32: checksumOf(parts),
  };
}

/** CRC-32 (ISO-HDLC) of all parts as S3 writes it: base64 of four big-endian bytes. */
export function checksumOf(parts: readonly Uint8Array[]): string {
  let crc = 0;
  for (const part of parts) crc = crc32(part, crc);
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, crc);
  return Buffer.from(bytes).toString("base64");
}

/** The same bytes in pieces of a decent size. */
export function* chunksOf(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  for (const part of parts) {
    if (part.byteLength === 0) continue;
    if (gatheredBytes > 0 && gatheredBytes + part.byteLength > CHUNK_BYTES) {
      yield concatBytes(gathered);
      gathered = [];
      gatheredBytes = 0;
    }
    gathered.push(part);
    gatheredBytes += part.byteLength;
  }
  if (gatheredBytes > 0) yield concatBytes(gathered);
}

/** Cuts parts, without copying, into runs of `bytes` each, the last one shorter. */
export function runsOf(parts: readonly Uint8Array[], bytes: number): Uint8Array[][] {
  const runs: Uint8Array[][] = [];
  let run: Uint8Array[] = [];
  let room = bytes;
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; ) {
      const piece = part.subarray(at, at + room);
      run.push(piece);
      at += piece.byteLength;
      room -= piece.byteLength;
      if (room === 0) {
        runs.push(run);
        run = [];
        room = bytes;
      }
    }
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
