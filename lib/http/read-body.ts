import { concatBytes } from "../base/bytes.ts";
import { LogError } from "../base/errors.ts";
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
  for await (const chunk of brokenOff(source.chunks)) {
    total += chunk.byteLength;
    if (total > bytesMax) throw tooLarge(total, bytesMax);
    share.take(chunk.byteLength);
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}

// A body that ends early is the client's doing: nothing was handed on, and nobody is left to read the answer.
async function* brokenOff(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await iterator.next().catch((cause: unknown) => {
        throw new LogError("Aborted", "the connection broke before the request was complete", { cause });
      });
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.().catch(() => undefined);
  }
}

function tooLarge(bytes: number, bytesMax: number): LogError {
  const message = `the request's body is above the limit of ${bytesMax} bytes`;
  return new LogError("RequestTooLarge", message, { details: { bytes, bytesMax } });
}
