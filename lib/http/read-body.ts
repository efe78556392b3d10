import { isLogError, LogError } from "../base/errors.ts";
import type { ByteShare } from "./byte-budget.ts";

export interface BodySource {
  readonly chunks: AsyncIterable<Uint8Array> | null;
  /** Content-Length, when there is one. */
  readonly declaredLength: string | undefined;
}

/**
 * The whole body, refused as soon as it is known to be too large: before anything is read when it says so itself,
 * else at the chunk that crosses the limit. Only bytes that arrived count against the share, so that whoever
 * announces much and sends little blocks nobody.
 */
export async function readBody(source: BodySource, bytesMax: number, share: ByteShare): Promise<Uint8Array> {
  const declared = Number(source.declaredLength ?? 0);
  if (declared > bytesMax) throw tooLarge(declared, bytesMax);
  if (source.chunks === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of source.chunks) {
      total += chunk.byteLength;
      if (total > bytesMax) throw tooLarge(total, bytesMax);
      share.take(chunk.byteLength);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (isLogError(cause)) throw cause;
    throw new LogError("Aborted", "the connection broke before the request was complete", { cause });
  }
  // Not `concatBytes`: filling a megabyte with zeros first costs a fifth of the whole request.
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, total);
}

function tooLarge(bytes: number, bytesMax: number): LogError {
  const message = `the request's body is above the limit of ${bytesMax} bytes`;
  return new LogError("RequestTooLarge", message, { details: { bytes, bytesMax } });
}
