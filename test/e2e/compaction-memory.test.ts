import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { compactionKeysBytesMax } from "../../lib/base/limits.ts";
import type { CompactionMemory } from "../support/compaction-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { byLength } from "../support/test-length.ts";

const MIB = 1024 * 1024;
const KEYS = byLength({ quick: 30_000, short: 500_000, full: 5_000_000 });
/** In shorter runs so little that several passes are needed. */
const KEYS_BYTES_MAX = byLength({ quick: MIB / 4, short: 4 * MIB, full: compactionKeysBytesMax });
/** For a window of the segment that is read, and the whole of the one that is written: a directory composes none. */
const OTHER_BUFFERS_MAX = 64 * MIB;
/** With the records of a batch as objects, and garbage, which gathers where the machine is busy; a key as an object would take more. */
const OTHER_RESIDENT_MAX = 256 * MIB;

const script = fileURLToPath(new URL("../support/compaction-process.ts", import.meta.url));

test(
  `${KEYS} keys in a directory are compacted with ${KEYS_BYTES_MAX / MIB} MiB for keys, and little besides`,
  async () => {
    const directory = await temporaryDirectory();
    try {
      const dataDir = path.join(directory.path, "data");
      const args = ["--expose-gc", script, dataDir, String(KEYS), String(KEYS_BYTES_MAX)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const memory = JSON.parse(stdout) as CompactionMemory;
      process.stdout.write(`compaction of ${KEYS} keys in a process of its own: ${stdout}\n`);
      expect(memory.removedRecords).toBe(KEYS);
      expect(memory.keysBytes).toBeLessThanOrEqual(KEYS_BYTES_MAX);
      expect(memory.buffersBytes).toBeLessThanOrEqual(KEYS_BYTES_MAX + OTHER_BUFFERS_MAX);
      expect(memory.residentBytes).toBeLessThanOrEqual(KEYS_BYTES_MAX + OTHER_RESIDENT_MAX);
    } finally {
      await directory.remove();
    }
  },
  30 * 60_000,
);
