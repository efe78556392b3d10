import { BATCHES_TYPE } from "../api/http/media-types.ts";
import { byteLengthOf, concatBytes } from "../base/bytes.ts";

/** A frame as an answer, under its whole length, so that a client can tell one that was cut off. */
export function frameAnswer(parts: readonly Uint8Array[]): Response {
  const headers = { "content-type": BATCHES_TYPE, "content-length": String(byteLengthOf(parts)) };
  return new Response(concatBytes(parts) as Uint8Array<ArrayBuffer>, { headers });
}
