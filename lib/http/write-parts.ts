import type { ServerResponse } from "node:http";
import { concatBytes } from "../base/bytes.ts";

/** Parts below this cost more as a write of their own than as a copy. */
const WRITE_BYTES_MIN = 4 * 1024;
/** Small parts are joined up to about this. */
const JOINED_BYTES = 64 * 1024;

/** Writes a whole answer: the body's parts as they are, one behind the other; only small neighbours are joined. */
export function writeParts(outgoing: ServerResponse, answer: Response, parts: readonly Uint8Array[]): void {
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  outgoing.cork();
  for (const piece of joinSmall(parts)) outgoing.write(piece);
  outgoing.end();
}

function* joinSmall(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    const isLarge = part.byteLength >= WRITE_BYTES_MIN;
    if (bytes > 0 && (isLarge || bytes >= JOINED_BYTES)) {
      yield concatBytes(small);
      small = [];
      bytes = 0;
    }
    if (isLarge) {
      yield part;
      continue;
    }
    small.push(part);
    bytes += part.byteLength;
  }
  if (bytes > 0) yield concatBytes(small);
}
