import { dirname, join } from "node:path";
import { byteLengthOf } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import { stagedObjectBytesMax } from "../../base/limits.ts";
import {
  checkDelete,
  checkList,
  checkObjectKey,
  checkRange,
  objectsPerRequestMax,
} from "../../storage/check-object-request.ts";
import type {
  ByteRange,
  ListedObject,
  ObjectCapabilities,
  ObjectPage,
  ObjectStore,
  PutOutcome,
} from "../../storage/object-store.ts";
import { DirectorySync } from "./directory-sync.ts";
import { DurableDirectories } from "./durable-directories.ts";
import { fileErrorOf } from "./file-error.ts";
import type { FileSystem } from "./file-system.ts";
import { keysBelow } from "./list-objects.ts";

const OBJECTS = "objects";
const TEMPORARY = "tmp";
/** An object that somebody may wait for is synced once, however large it is by then. */
const SYNCED_WHOLE_MAX = stagedObjectBytesMax;
/** Larger ones, which nobody waits for, are synced bit by bit: a commit's own sync waits behind them on the disk. */
const SYNCED_BYTES = 512 * 1024;

/**
 * Objects as files, for one owner: `objects/<key>` holds exactly the object's bytes, so that a segment is a
 * log file that other tools read. A put writes and syncs a temporary file before it gives it its name, so a
 * loss of power leaves an object whole or absent. Nothing guards against damage after that but the batches'
 * own checksums: whoever reads checks lengths and sums. Directories stay when they become empty.
 */
export class DirectoryObjectStore implements ObjectStore {
  readonly capabilities: ObjectCapabilities = { compose: undefined, readUrl: false, readsInto: true };
  readonly #fileSystem: FileSystem;
  readonly #objects: string;
  readonly #temporary: string;
  readonly #sync: DirectorySync;
  readonly #directories: DurableDirectories;
  #temporaryCount = 0;

  /** Makes `objects` and `tmp` in the directory, and removes what puts that were cut short left in `tmp`. */
  static async open(fileSystem: FileSystem, directory: string): Promise<DirectoryObjectStore> {
    const store = new DirectoryObjectStore(fileSystem, directory);
    await naming(directory, () => store.#prepare(directory));
    return store;
  }

  private constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#objects = join(directory, OBJECTS);
    this.#temporary = join(directory, TEMPORARY);
    this.#sync = new DirectorySync(fileSystem);
    this.#directories = new DurableDirectories(fileSystem, this.#sync, this.#objects);
  }

  async put(
    key: string,
    parts: readonly Uint8Array[],
    _call: Call,
    options: { ifAbsent?: boolean } = {},
  ): Promise<PutOutcome> {
    checkObjectKey(key);
    const path = join(this.#objects, key);
    const temporary = join(this.#temporary, String(this.#temporaryCount++));
    const directory = dirname(path);
    const outcome = await naming(path, async () => {
      await this.#directories.make(directory);
      return this.#install(temporary, path, parts, options.ifAbsent === true);
    });
    try {
      // Also for "exists": the other put may still be waiting for its own sync.
      await this.#sync.sync(directory);
    } catch (error) {
      throw fileErrorOf(error, path, "unknown");
    }
    return outcome;
  }

  async get(key: string, _call: Call, range?: ByteRange, into?: Uint8Array): Promise<Uint8Array | undefined> {
    checkObjectKey(key);
    checkRange(range);
    const path = join(this.#objects, key);
    return naming(path, () => this.#fileSystem.readFile(path, range, into));
  }

  async list(prefix: string, call: Call, options: { startAfter?: string; limit?: number } = {}): Promise<ObjectPage> {
    const limit = options.limit ?? objectsPerRequestMax;
    checkList(prefix, limit);
    return naming(this.#objects, async () => {
      const keys: string[] = [];
      let more = false;
      for await (const key of keysBelow(this.#fileSystem, this.#objects, {
        prefix,
        startAfter: options.startAfter ?? "",
      })) {
        more = keys.length === limit;
        if (more) break;
        keys.push(key);
      }
      const objects = await this.#sized(keys);
      // All of the page were deleted while it was made: an empty page could not be continued.
      const last = keys.at(-1);
      if (more && objects.length === 0 && last !== undefined)
        return this.list(prefix, call, { startAfter: last, limit });
      return { objects, more };
    });
  }

  async delete(keys: readonly string[], _call: Call): Promise<{ readonly failed: readonly string[] }> {
    checkDelete(keys);
    const failed = new Set<string>();
    const keysByDirectory = Map.groupBy(keys, (key) => dirname(join(this.#objects, key)));
    for (const [directory, neighbours] of keysByDirectory) {
      const unlinked = await Promise.all(neighbours.map((key) => this.#unlink(key, failed)));
      if (!unlinked.includes(true)) continue;
      await this.#sync.sync(directory).catch(() => {
        for (const key of neighbours) failed.add(key);
      });
    }
    return { failed: [...failed] };
  }

  async #prepare(directory: string): Promise<void> {
    await this.#fileSystem.makeDirectory(this.#objects);
    await this.#fileSystem.makeDirectory(this.#temporary);
    await this.#sync.sync(directory);
    for (const { name } of (await this.#fileSystem.list(this.#temporary)) ?? []) {
      await this.#fileSystem.unlink(join(this.#temporary, name));
    }
  }

  /** Writes the file whole under a temporary name, then names it. Leaves nothing behind when it fails. */
  async #install(
    temporary: string,
    path: string,
    parts: readonly Uint8Array[],
    ifAbsent: boolean,
  ): Promise<PutOutcome> {
    try {
      await this.#write(temporary, parts);
      if (ifAbsent) return await this.#link(temporary, path);
      await this.#fileSystem.rename(temporary, path);
      return "stored";
    } catch (error) {
      await this.#discard(temporary);
      throw error;
    }
  }

  async #write(path: string, parts: readonly Uint8Array[]): Promise<void> {
    const file = await this.#fileSystem.createFile(path);
    try {
      for (const piece of piecesOf(parts, byteLengthOf(parts) > SYNCED_WHOLE_MAX ? SYNCED_BYTES : SYNCED_WHOLE_MAX)) {
        await file.write(piece);
        await file.sync();
      }
    } finally {
      await file.close();
    }
  }

  async #link(temporary: string, path: string): Promise<PutOutcome> {
    const linked = await this.#fileSystem.link(temporary, path);
    await this.#discard(temporary);
    return linked ? "stored" : "exists";
  }

  /** A temporary file that stays costs space until the next start, nothing else. */
  async #discard(temporary: string): Promise<void> {
    await this.#fileSystem.unlink(temporary).catch(() => undefined);
  }

  async #unlink(key: string, failed: Set<string>): Promise<boolean> {
    try {
      return await this.#fileSystem.unlink(join(this.#objects, key));
    } catch {
      failed.add(key);
      return false;
    }
  }

  async #sized(keys: readonly string[]): Promise<ListedObject[]> {
    const lengths = await Promise.all(keys.map((key) => this.#fileSystem.fileBytes(join(this.#objects, key))));
    return keys.flatMap((key, at) => {
      const bytes = lengths[at];
      return bytes === undefined ? [] : [{ key, bytes }];
    });
  }
}

/** The parts in their order, cut into lists of so many bytes; at least one list. */
function piecesOf(parts: readonly Uint8Array[], bytesMax: number): Uint8Array[][] {
  let piece: Uint8Array[] = [];
  const pieces = [piece];
  let room = bytesMax;
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; ) {
      if (room === 0) {
        piece = [];
        pieces.push(piece);
        room = bytesMax;
      }
      const taken = part.subarray(at, at + room);
      piece.push(taken);
      at += taken.byteLength;
      room -= taken.byteLength;
    }
  }
  return pieces;
}

async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileErrorOf(error, path);
  }
}
