import type { ServerResponse } from "node:http";
import { concatBytes } from "../base/bytes.ts";

/** Parts below this cost more as a write of their own than as a copy. */
const WRITE_BYTES_MIN = 4 * 1024;
/** Small parts are joined up to about this. */
const JOINED_BYTES = 64 * 1024;

/**
 * Writes a whole answer: the body's parts as they are, one behind the other; only small neighbours are joined. It ends
 * once all is on its way: a server that closes takes a connection whose answer has ended for idle, and breaks it off.
 */
export function writeParts(outgoing: ServerResponse, answer: Response, parts: readonly Uint8Array[]): void {
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  const pieces = [...joinSmall(parts)];
  const last = pieces.pop();
  if (last === undefined) {
    outgoing.end();
    return;
  }
  outgoing.cork();
  for (const piece of pieces) outgoing.write(piece);
  outgoing.write(last, () => outgoing.end());
  outgoing.uncork();
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
