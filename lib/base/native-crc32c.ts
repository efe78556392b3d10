import { type Crc32c, crc32cOfJavaScript, installCrc32c } from "./crc32c.ts";

/** Below it, the call into native code costs more than it saves. */
const NATIVE_BYTES_MIN = 512;

/**
 * Puts the native CRC-32C in place where its optional package is installed and loads (about three times as fast
 * on whole batches); else JavaScript's stays. For composition roots of long-running processes: a bundle for
 * another machine has no use for a native addon. Answers whether it is in place.
 */
export async function installNativeCrc32c(): Promise<boolean> {
  const native = await loadNative();
  if (native === undefined) return false;
  installCrc32c((bytes, seed = 0) =>
    bytes.byteLength < NATIVE_BYTES_MIN ? crc32cOfJavaScript(bytes, seed) : native(bytes, seed),
  );
  return true;
}

/** Any failure to load means the same as its absence: another platform, another libc, no optional packages. */
async function loadNative(): Promise<Crc32c | undefined> {
  // By a name that bundlers do not follow: an addon of this machine has no place in a bundle for another.
  const optional = "@node-rs/crc32";
  try {
    const { crc32c } = (await import(optional)) as { crc32c: Crc32c };
    return crc32c;
  } catch {
    return undefined;
  }
}
