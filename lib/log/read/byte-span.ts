import { byteLengthOf, concatBytes } from "../../base/bytes.ts";

/** A run of bytes that lies in one or more pieces, one behind the other: joined only where somebody asks across them. */
export class ByteSpan {
  readonly pieces: readonly Uint8Array[];
  readonly byteLength: number;

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.byteLength = byteLengthOf(pieces);
  }

  /** As `Uint8Array.subarray` with places within the span: a view when one piece holds them all, else a copy. */
  subarray(start: number, end: number): Uint8Array {
    const found: Uint8Array[] = [];
    let at = 0;
    for (const piece of this.pieces) {
      const from = Math.max(0, start - at);
      if (at >= end) break;
      if (from < piece.byteLength) found.push(piece.subarray(from, end - at));
      at += piece.byteLength;
    }
    return concatBytes(found);
  }
}
