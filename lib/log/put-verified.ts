import type { Call } from "../base/call.ts";
import { crc32c } from "../base/crc32c.ts";
import { LogError } from "../base/errors.ts";
import type { LogContext } from "./log-context.ts";

export interface VerifiedBody {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly checksum: number;
}

/** What the store gives back is what will be relied on: a segment that it damaged is never referred to. */
export async function putVerified(
  context: LogContext,
  objectKey: string,
  { parts, bytes, checksum }: VerifiedBody,
  call: Call,
): Promise<void> {
  await context.objects.put(objectKey, parts, call);
  const stored = await context.objects.get(objectKey, call);
  if (stored?.byteLength === bytes && crc32c(stored) === checksum) return;
  throw new LogError("CorruptObject", `segment ${objectKey} does not read back as it was written`, {
    details: { objectKey, bytes, storedBytes: stored?.byteLength },
  });
}
