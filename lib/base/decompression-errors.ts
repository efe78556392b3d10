import type { Compression } from "./compression.ts";
import { LogError } from "./errors.ts";

/** Compressed bytes that the codec did not write so. */
export function damaged(codec: Compression, how: string, cause?: unknown): LogError {
  return new LogError("CorruptMessage", `${codec}: ${how}`, { details: { codec }, cause });
}

/** Compressed bytes that would grow beyond the caller's limit. */
export function tooLarge(codec: Compression, bytesMax: number, cause?: unknown): LogError {
  const details = { codec, bytesMax };
  return new LogError("RecordTooLarge", `${codec}: decompresses to more than ${bytesMax} bytes`, { details, cause });
}
