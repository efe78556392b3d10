import { unwrittenBytes } from "../base/bytes.ts";
import type { Call } from "../base/call.ts";
import { crc32c } from "../base/crc32c.ts";
import { LogError } from "../base/errors.ts";
import type { LogContext } from "./log-context.ts";

export interface VerifiedBody {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly checksum: number;
}

/** Read back at once where nothing else says how much: a second copy of a whole segment would double its memory. */
const WINDOW_BYTES = 1024 * 1024;

/** What the store gives back is what will be relied on: a segment that it damaged is never referred to. */
export async function putVerified(
  context: LogContext,
  objectKey: string,
  { parts, bytes, checksum }: VerifiedBody,
  call: Call,
): Promise<void> {
  await context.objects.put(objectKey, parts, call);
  const stored = await readBack(context, objectKey, bytes, call);
  if (stored.bytes === bytes && stored.checksum === checksum) return;
  throw new LogError("CorruptObject", `segment ${objectKey} does not read back as it was written`, {
    details: { objectKey, bytes, storedBytes: stored.bytes },
  });
}

/** Length and checksum of what is there, up to one byte more than should be. */
async function readBack(
  context: LogContext,
  objectKey: string,
  bytes: number,
  call: Call,
): Promise<{ bytes: number; checksum: number }> {
  const { objects, settings } = context;
  const window = Math.min(settings.readBlockBytes || WINDOW_BYTES, bytes + 1);
  // The same for each window: as garbage, as much as the segment itself, it would hold up everybody's requests.
  let memory = objects.capabilities.readsInto === true ? unwrittenBytes(window) : undefined;
  let checksum = 0;
  let start = 0;
  while (start <= bytes) {
    const wanted = Math.min(start + window, bytes + 1);
    const read = await objects.get(objectKey, call, { start, end: wanted }, memory);
    if (read === undefined) break;
    if (read.buffer !== memory?.buffer) memory = undefined;
    checksum = crc32c(read, checksum);
    start += read.byteLength;
    if (start < wanted) break;
  }
  return { bytes: start, checksum };
}
