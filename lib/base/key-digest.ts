import { hash } from "node:crypto";

export const KEY_DIGEST_BYTES = 16;

/**
 * The first 128 bits of a key's SHA-256: what stands for a key where keys themselves would take too much memory. Two
 * keys that share it would be taken for one, so it must be a hash for which nobody can find two.
 */
export function keyDigest(key: Uint8Array): Buffer {
  return hash("sha256", key, "buffer");
}
