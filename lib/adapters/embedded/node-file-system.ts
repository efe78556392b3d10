import type { FileHandle } from "node:fs/promises";
import { link, mkdir, open, readdir, rename, stat, statfs, unlink } from "node:fs/promises";
import { byteLengthOf, EMPTY_BYTES, unwrittenBytes } from "../../base/bytes.ts";
import type { ByteRange } from "../../storage/object-store.ts";
import { type DirectoryEntry, type FileSystem, type NewFile, systemCodeOf } from "./file-system.ts";

/** For a range up to this, memory is taken without asking first how much of it exists: mostly all of it does. */
const RANGE_UNASKED_MAX = 1024 * 1024;
/** Directories kept open for syncing: those in use now. */
const openDirectoriesMax = 64;

/** The operating system's files. */
export class NodeFileSystem implements FileSystem {
  readonly #directories = new Map<string, Promise<FileHandle>>();

  async createFile(path: string): Promise<NewFile> {
    return new NodeNewFile(await open(path, "wx", 0o600));
  }

  async readFile(path: string, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined> {
    const file = await unless("ENOENT", open(path, "r"));
    if (file === undefined) return undefined;
    try {
      const wanted = range === undefined ? 0 : range.end - range.start;
      if (range !== undefined && into !== undefined && into.byteLength >= wanted) {
        return await fill(file, range.start, into.subarray(0, wanted));
      }
      if (range !== undefined && wanted <= RANGE_UNASKED_MAX) return await readFully(file, range.start, wanted);
      const { size } = await file.stat();
      const start = Math.min(range?.start ?? 0, size);
      return await readFully(file, start, Math.min(range?.end ?? size, size) - start);
    } finally {
      await file.close();
    }
  }

  async fileBytes(path: string): Promise<number | undefined> {
    return (await unless("ENOENT", stat(path)))?.size;
  }

  rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  link(from: string, to: string): Promise<boolean> {
    return happened("EEXIST", link(from, to));
  }

  unlink(path: string): Promise<boolean> {
    return happened("ENOENT", unlink(path));
  }

  makeDirectory(path: string): Promise<boolean> {
    return happened("EEXIST", mkdir(path, 0o700));
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = await this.#directory(path);
    await directory.sync();
  }

  async list(path: string): Promise<readonly DirectoryEntry[] | undefined> {
    const entries = await unless("ENOENT", readdir(path, { withFileTypes: true }));
    return entries?.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  }

  async freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  }

  async close(): Promise<void> {
    const directories = [...this.#directories.values()];
    this.#directories.clear();
    for (const directory of await Promise.allSettled(directories)) {
      if (directory.status === "fulfilled") await directory.value.close();
    }
  }

  /** Opening costs as much as syncing a directory that did not change: those in use stay open. */
  #directory(path: string): Promise<FileHandle> {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const opened = open(path, "r");
    this.#directories.set(path, opened);
    opened.catch(() => this.#directories.delete(path));
    for (const [oldest, handle] of this.#directories) {
      if (this.#directories.size <= openDirectoriesMax) break;
      this.#directories.delete(oldest);
      // A sync under way keeps the handle open until it is done.
      handle.then((directory) => directory.close()).catch(() => undefined);
    }
    return opened;
  }
}

class NodeNewFile implements NewFile {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(parts: readonly Uint8Array[]): Promise<void> {
    let rest = parts.filter((part) => part.byteLength > 0);
    while (rest.length > 0) {
      // The disk may take less than it was given, without an error.
      const { bytesWritten } = await this.#file.writev(rest as Uint8Array[]);
      rest = bytesWritten === byteLengthOf(rest) ? [] : after(rest, bytesWritten);
    }
  }

  sync(): Promise<void> {
    // The file's length is synced with its data; its times need not be.
    return this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** What is left of the parts behind the first `count` bytes. */
function after(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const part of parts) {
    if (part.byteLength > skip) rest.push(part.subarray(skip));
    skip = Math.max(0, skip - part.byteLength);
  }
  return rest;
}

async function readFully(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  return length <= 0 ? EMPTY_BYTES : fill(file, start, unwrittenBytes(length));
}

/** What exists of the file from `start` on, as far as there is room. */
async function fill(file: FileHandle, start: number, bytes: Uint8Array): Promise<Uint8Array> {
  let filled = 0;
  while (filled < bytes.byteLength) {
    const { bytesRead } = await file.read(bytes, filled, bytes.byteLength - filled, start + filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

/** Undefined in place of one kind of error. */
async function unless<T>(code: string, operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (systemCodeOf(error) === code) return undefined;
    throw error;
  }
}

/** False in place of one kind of error. */
async function happened(unlessCode: string, operation: Promise<void>): Promise<boolean> {
  return (
    (await unless(
      unlessCode,
      operation.then(() => true),
    )) ?? false
  );
}
