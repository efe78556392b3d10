import type { ByteRange } from "../../storage/object-store.ts";

/** A file under construction: nothing else knows its content before it is synced and named. */
export interface NewFile {
  /** Appends all the parts. */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Resolves when what was written would survive a loss of power, should the file's name do so. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * The little that the embedded stores ask of a file system, so that a loss of power and a failing disk can be
 * simulated. Paths are absolute. Fails with the operating system's errors (`code`: ENOSPC, EACCES, …).
 */
export interface FileSystem {
  /** Makes a file that must not exist yet. */
  createFile(path: string): Promise<NewFile>;
  /**
   * The part of `range` that exists, or everything; undefined when there is no such file. The answer may be put into
   * the memory that is given, if that is as large, and is a view of it then.
   */
  readFile(path: string, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined>;
  /** A file's length; undefined when there is no such file. */
  fileBytes(path: string): Promise<number | undefined>;
  /** Replaces what is at `to`, atomically. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name, atomically; false when that name is taken. */
  link(from: string, to: string): Promise<boolean>;
  /** False when there was no such file. */
  unlink(path: string): Promise<boolean>;
  /** For this user alone; false when it is there already. */
  makeDirectory(path: string): Promise<boolean>;
  /** Resolves when the names in the directory, as they are now, would survive a loss of power. */
  syncDirectory(path: string): Promise<void>;
  /** Undefined when there is no such directory. */
  list(path: string): Promise<readonly DirectoryEntry[] | undefined>;
  /** Bytes left for this user on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
  /** Frees what is held open. */
  close(): Promise<void>;
}

/** The operating system's name of an error, such as ENOSPC. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
