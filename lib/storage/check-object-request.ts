import { invalidRequest } from "./invalid-request.ts";
import type { ByteRange, ComposePart } from "./object-store.ts";

/** S3's limit. */
export const objectKeyBytesMax = 1024;
/** Keys that one delete may name, and objects that one list answers with. */
export const objectsPerRequestMax = 1000;

/** Ranges that one composed object is made of: S3's limit of parts. */
export const composePartsMax = 10_000;
/** S3's limit of a signed address. */
const readUrlMsMax = 7 * 24 * 60 * 60 * 1000;

const KEY = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const PREFIX = /^[A-Za-z0-9._/-]*$/;
/** One part of a key is a file or directory name where objects are files. */
const keyPartBytesMax = 200;

/**
 * Refuses a key that some store cannot hold safely: letters, digits and `._-` in parts joined by `/`. No part
 * starts with a dot or a dash, so none can climb out of a directory or hide in it.
 */
export function checkObjectKey(key: string): void {
  if (
    key.length > objectKeyBytesMax ||
    !KEY.test(key) ||
    key.split("/").some((part) => part.length > keyPartBytesMax)
  ) {
    throw invalidRequest(`not an object key: ${JSON.stringify(key.slice(0, objectKeyBytesMax))}`);
  }
}

export function checkRange(range: ByteRange | undefined): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start) {
    throw invalidRequest(`not a range of bytes: ${start} to ${end}`);
  }
}

export function checkList(prefix: string, limit: number): void {
  if (!PREFIX.test(prefix)) throw invalidRequest(`not a prefix of object keys: ${JSON.stringify(prefix)}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > objectsPerRequestMax) {
    throw invalidRequest(`limit ${limit} is not from 1 to ${objectsPerRequestMax}`);
  }
}

export function checkDelete(keys: readonly string[]): void {
  if (keys.length > objectsPerRequestMax) {
    throw invalidRequest(`${keys.length} keys, at most ${objectsPerRequestMax} are deleted at once`);
  }
  for (const key of keys) checkObjectKey(key);
}

export function checkCompose(key: string, parts: readonly ComposePart[], partBytesMin: number): void {
  checkObjectKey(key);
  if (parts.length === 0 || parts.length > composePartsMax) {
    throw invalidRequest(`${parts.length} parts, an object is composed of 1 to ${composePartsMax}`);
  }
  for (const [at, part] of parts.entries()) {
    checkObjectKey(part.key);
    checkRange(part.range);
    const bytes = part.range.end - part.range.start;
    if (at < parts.length - 1 && bytes < partBytesMin) {
      throw invalidRequest(`part ${at} has ${bytes} bytes: all but the last have at least ${partBytesMin}`);
    }
  }
}

export function checkReadUrl(key: string, expiresMs: number): void {
  checkObjectKey(key);
  if (!(expiresMs >= 1000 && expiresMs <= readUrlMsMax)) {
    throw invalidRequest(`an address is valid for 1000 to ${readUrlMsMax} ms, not ${expiresMs}`);
  }
}
