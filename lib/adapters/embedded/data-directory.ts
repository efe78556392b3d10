import { dirname, join, resolve } from "node:path";
import { isLogError, LogError } from "../../base/errors.ts";
import type { ItemStore } from "../../storage/item-store.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { checkDataFormat } from "./data-format.ts";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { fileErrorOf } from "./file-error.ts";
import { type FileSystem, systemCodeOf } from "./file-system.ts";
import { NodeFileSystem } from "./node-file-system.ts";
import { SqliteItemStore, type SqliteItemStoreOptions } from "./sqlite-item-store.ts";

const ITEMS = "items.db";

export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** The version of the data's format. */
  readonly format: number;
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  /** Bytes left on the disk for this user. */
  freeBytes(): Promise<number>;
  /** Waits for what is under way, then frees the directory. Idempotent. */
  close(): Promise<void>;
}

export interface DataDirectoryOptions extends SqliteItemStoreOptions {
  readonly fileSystem?: FileSystem;
  /** Whether a directory that is not there, or empty, becomes one; otherwise that is `StoreMissing`. Default true. */
  readonly create?: boolean;
}

/**
 * Opens a directory with both stores in it, making it if it is not there, for this process alone. The lock is
 * the operating system's on the database file, which it lifts by itself when the process dies; until it is
 * held nothing in the directory is changed, but for its making. Not for network file systems.
 *
 * Fails with `StoreLocked` (another process has it), `StoreFormat` (newer, not ours, or a file), `StoreForbidden`.
 */
export async function openDataDirectory(directory: string, options: DataDirectoryOptions = {}): Promise<DataDirectory> {
  const path = resolve(directory);
  const fileSystem = options.fileSystem ?? new NodeFileSystem();
  let items: SqliteItemStore | undefined;
  try {
    if (options.create === false) await checkThere(fileSystem, path);
    await makeDirectories(fileSystem, path);
    const format = await checkDataFormat(fileSystem, path);
    const opened = await SqliteItemStore.open(join(path, ITEMS), options);
    items = opened;
    const objects = await DirectoryObjectStore.open(fileSystem, path);
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= opened.close().finally(() => fileSystem.close());
      return closing;
    };
    return { path, format, objects, items: opened, freeBytes: () => fileSystem.freeBytes(path), close };
  } catch (error) {
    await items?.close();
    await fileSystem.close();
    throw openingError(error, path);
  }
}

async function checkThere(fileSystem: FileSystem, path: string): Promise<void> {
  if (((await fileSystem.list(path)) ?? []).length > 0) return;
  throw new LogError("StoreMissing", `there is no data in ${path}`, { details: { directory: path } });
}

/** Makes the directory and what is missing above it, each durable. */
async function makeDirectories(fileSystem: FileSystem, path: string): Promise<void> {
  if ((await fileSystem.list(path)) !== undefined) return;
  const parent = dirname(path);
  if (parent !== path) await makeDirectories(fileSystem, parent);
  if (await fileSystem.makeDirectory(path)) await fileSystem.syncDirectory(parent);
}

function openingError(error: unknown, path: string): LogError {
  const details = { directory: path };
  if (isLogError(error, "StoreLocked")) {
    return new LogError("StoreLocked", `another Tidelog process uses ${path}`, { details, cause: error });
  }
  if (systemCodeOf(error) === "ENOTDIR") {
    const message = `${path} cannot be the data directory: it, or what is above it, is a file`;
    return new LogError("StoreFormat", message, { details, cause: error });
  }
  const known = fileErrorOf(error, path);
  if (known.code !== "StoreForbidden") return known;
  return new LogError("StoreForbidden", `may not read and write the data directory ${path}: ${known.message}`, {
    details: { ...known.details, ...details },
    cause: error,
  });
}
