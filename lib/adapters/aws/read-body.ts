import { Readable } from "node:stream";
import { LogError } from "../../base/errors.ts";
import type { AwsOperation } from "./aws-operation.ts";

/** As much as is allocated on the word of an answer's header; the rest grows with what arrives. */
const ALLOCATED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The whole body of an answer in an array of its own. Ends with the signal, even when the other side stalls
 * behind the headers. The SDK compares the checksum while the bytes pass: what it finds damaged, or what is
 * shorter or longer than announced, is `CorruptObject`.
 */
export async function readBody(
  body: unknown,
  announcedBytes: number | undefined,
  signal: AbortSignal,
  operation: AwsOperation,
): Promise<Uint8Array> {
  if (!(body instanceof Readable)) throw corrupt(operation, "there is no body");
  const stop = (): void => void body.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await gather(body, announcedBytes, operation);
  } catch (error) {
    throw isDamage(error) ? corrupt(operation, "it does not match its checksum", error) : error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function gather(
  body: Readable,
  announcedBytes: number | undefined,
  operation: AwsOperation,
): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(announcedBytes ?? 0, ALLOCATED_BYTES_MAX));
  let at = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (at + chunk.byteLength > bytes.byteLength) {
      const larger = new Uint8Array(Math.max(at + chunk.byteLength, 2 * bytes.byteLength));
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  if (announcedBytes !== undefined && at !== announcedBytes)
    throw corrupt(operation, `${at} bytes arrived of ${announcedBytes}`);
  return at === bytes.byteLength ? bytes : bytes.slice(0, at);
}

/** Failures of connections bear a code; the SDK's complaint about a checksum does not. */
function isDamage(error: unknown): boolean {
  return error instanceof Error && !("code" in error) && error.name === "Error";
}

function corrupt({ what, resource }: AwsOperation, reason: string, cause?: unknown): LogError {
  return new LogError("CorruptObject", `${what} from ${resource}: ${reason}`, { cause });
}
