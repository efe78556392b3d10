import { join } from "node:path";
import { z } from "zod";
import { strictTextOf, utf8 } from "../../base/bytes.ts";
import { LogError } from "../../base/errors.ts";
import type { FileSystem } from "./file-system.ts";

/** Raised by whoever changes what a data directory holds in a way that an older release would misread. */
export const dataFormatVersion = 1;
/** The oldest release that reads this format: told to whoever opens the directory with an older one. */
const NEEDS_RELEASE = "0.1.0";

const FORMAT_FILE = "format.json";
const FORMAT_FILE_TEMPORARY = "format.json.tmp";
const PRODUCT = "tidelog";

const FORMAT = z.object({ product: z.literal(PRODUCT), version: z.int().min(1), needsRelease: z.string() });

/** What our own stores put into a data directory. */
const OUR_NAMES = new Set([FORMAT_FILE, FORMAT_FILE_TEMPORARY, "objects", "tmp"]);
const OUR_DATABASE = /^items\.db(-wal|-shm|-journal)?$/;
/** What file systems and desktops put anywhere. */
const FOREIGN_BUT_HARMLESS = /^(lost\+found|\..*)$/;

/**
 * Checks that the directory is one of ours, and of a format that this release reads; a directory without any
 * content becomes one. Fails with `StoreFormat`, having changed nothing, when it is neither.
 */
export async function checkDataFormat(fileSystem: FileSystem, directory: string): Promise<number> {
  const path = join(directory, FORMAT_FILE);
  const stored = await fileSystem.readFile(path);
  if (stored !== undefined) return versionOf(stored, path);
  const names = ((await fileSystem.list(directory)) ?? []).map((entry) => entry.name);
  const foreign = names.find((name) => name !== FORMAT_FILE_TEMPORARY && !FOREIGN_BUT_HARMLESS.test(name));
  if (foreign !== undefined) {
    const known = OUR_NAMES.has(foreign) || OUR_DATABASE.test(foreign);
    const what = known ? `lost its ${FORMAT_FILE}` : `is no data directory: it holds ${foreign}`;
    throw new LogError("StoreFormat", `${directory} ${what}`, { details: { directory, found: foreign } });
  }
  await writeFormat(fileSystem, directory);
  return dataFormatVersion;
}

function versionOf(stored: Uint8Array, path: string): number {
  const format = FORMAT.safeParse(parsed(strictTextOf(stored)));
  if (!format.success)
    throw new LogError("StoreFormat", `${path} is damaged, or not ours`, { details: { file: path } });
  const { version, needsRelease } = format.data;
  if (version > dataFormatVersion) {
    throw new LogError(
      "StoreFormat",
      `${path}: the data has format ${version}, this release reads up to ${dataFormatVersion}; use Tidelog ${needsRelease} or newer`,
      { details: { file: path, version, needsRelease } },
    );
  }
  return version;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

async function writeFormat(fileSystem: FileSystem, directory: string): Promise<void> {
  const temporary = join(directory, FORMAT_FILE_TEMPORARY);
  await fileSystem.unlink(temporary);
  const file = await fileSystem.createFile(temporary);
  try {
    const format = { product: PRODUCT, version: dataFormatVersion, needsRelease: NEEDS_RELEASE };
    await file.write([utf8(`${JSON.stringify(format)}\n`)]);
    await file.sync();
  } finally {
    await file.close();
  }
  await fileSystem.rename(temporary, join(directory, FORMAT_FILE));
  await fileSystem.syncDirectory(directory);
}
