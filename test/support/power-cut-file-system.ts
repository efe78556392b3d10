import type { DirectoryEntry, FileSystem, NewFile } from "../../lib/adapters/embedded/file-system.ts";
import { concatBytes } from "../../lib/base/bytes.ts";
import type { ByteRange } from "../../lib/storage/object-store.ts";
import { systemError } from "./failing-file-system.ts";

/** A seeded source of whole numbers in [0, bound). */
export type Below = (bound: number) => number;

interface FileNode {
  readonly kind: "file";
  content: Uint8Array;
  /** What of the content a sync has made safe; undefined before the first. */
  synced: Uint8Array | undefined;
}

interface DirectoryNode {
  readonly kind: "directory";
  entries: Map<string, Node>;
  /** The entries as the last sync of the directory left them. */
  synced: Map<string, Node>;
}

type Node = FileNode | DirectoryNode;

function newDirectory(): DirectoryNode {
  return { kind: "directory", entries: new Map(), synced: new Map() };
}

/**
 * A file system in memory that loses power after a number of operations: every later one fails. `survivors`
 * is what a restart may find. Of a file's content that was not synced, any part may be there, whole, cut short
 * or garbled; each change of a directory that was not synced may have reached the disk or not, by itself.
 * Operations take a random number of turns, so that concurrent ones interleave.
 */
export class PowerCutFileSystem implements FileSystem {
  readonly #root: DirectoryNode;
  readonly #below: Below;
  #operationsLeft: number;

  constructor(below: Below, operationsLeft = Number.POSITIVE_INFINITY, root: DirectoryNode = newDirectory()) {
    this.#below = below;
    this.#operationsLeft = operationsLeft;
    this.#root = root;
  }

  get hasPower(): boolean {
    return this.#operationsLeft > 0;
  }

  /** The disk after the cut, under a file system that has power again for so many operations. */
  survivors(operationsLeft = Number.POSITIVE_INFINITY): PowerCutFileSystem {
    return new PowerCutFileSystem(this.#below, operationsLeft, this.#surviving(this.#root, new Map()) as DirectoryNode);
  }

  async createFile(path: string): Promise<NewFile> {
    const file: FileNode = { kind: "file", content: new Uint8Array(0), synced: undefined };
    await this.#operation(() => {
      const { directory, name } = this.#place(path);
      if (directory.entries.has(name)) throw systemError("EEXIST");
      directory.entries.set(name, file);
    });
    return {
      write: async (parts) => {
        // Part by part: the power may fail in between.
        for (const part of parts) {
          await this.#operation(() => {
            file.content = concatBytes([file.content, new Uint8Array(part)]);
          });
        }
      },
      sync: () =>
        this.#operation(() => {
          file.synced = file.content;
        }),
      close: async () => undefined,
    };
  }

  readFile(path: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    return this.#operation(() => this.#file(path)?.content.slice(range?.start, range?.end));
  }

  fileBytes(path: string): Promise<number | undefined> {
    return this.#operation(() => this.#file(path)?.content.byteLength);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#operation(() => {
      const source = this.#place(from);
      const node = source.directory.entries.get(source.name);
      if (node === undefined) throw systemError("ENOENT");
      const target = this.#place(to);
      source.directory.entries.delete(source.name);
      target.directory.entries.set(target.name, node);
    });
  }

  link(from: string, to: string): Promise<boolean> {
    return this.#operation(() => {
      const node = this.#file(from);
      if (node === undefined) throw systemError("ENOENT");
      const { directory, name } = this.#place(to);
      if (directory.entries.has(name)) return false;
      directory.entries.set(name, node);
      return true;
    });
  }

  unlink(path: string): Promise<boolean> {
    return this.#operation(() => {
      const { directory, name } = this.#place(path);
      return directory.entries.delete(name);
    });
  }

  makeDirectory(path: string): Promise<boolean> {
    return this.#operation(() => {
      const { directory, name } = this.#place(path);
      if (directory.entries.has(name)) return false;
      directory.entries.set(name, newDirectory());
      return true;
    });
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = this.#directory(path);
    // A sync promises nothing for what changes while it runs.
    const entries = new Map(directory.entries);
    await this.#operation(() => {
      directory.synced = entries;
    });
  }

  list(path: string): Promise<readonly DirectoryEntry[] | undefined> {
    return this.#operation(() => {
      const node = this.#node(path);
      if (node?.kind !== "directory") return undefined;
      return [...node.entries].map(([name, entry]) => ({ name, isDirectory: entry.kind === "directory" }));
    });
  }

  async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER;
  }

  async close(): Promise<void> {}

  /** Carries out one operation after some turns; the one that meets the cut may still have its effect. */
  async #operation<T>(effect: () => T): Promise<T> {
    for (let turns = this.#below(4); turns > 0; turns--) await Promise.resolve();
    if (!this.hasPower) throw systemError("EIO");
    this.#operationsLeft--;
    if (!this.hasPower) {
      if (this.#below(2) === 0) effect();
      throw systemError("EIO");
    }
    return effect();
  }

  #surviving(node: Node, made: Map<Node, Node>): Node {
    const known = made.get(node);
    if (known !== undefined) return known;
    if (node.kind === "file") {
      const content = this.#survivingContent(node);
      const file: FileNode = { kind: "file", content, synced: content };
      made.set(node, file);
      return file;
    }
    const entries = new Map<string, Node>();
    for (const name of new Set([...node.synced.keys(), ...node.entries.keys()])) {
      const kept = this.#below(2) === 0 ? node.synced.get(name) : node.entries.get(name);
      if (kept !== undefined) entries.set(name, this.#surviving(kept, made));
    }
    return { kind: "directory", entries, synced: new Map(entries) };
  }

  #survivingContent({ content, synced }: FileNode): Uint8Array {
    if (synced === content) return content;
    const torn = content.slice(0, this.#below(content.byteLength + 1));
    const from = synced?.byteLength ?? 0;
    if (this.#below(2) === 0) torn.fill(0, Math.min(torn.byteLength, from + this.#below(content.byteLength + 1)));
    torn.set((synced ?? torn).subarray(0, torn.byteLength));
    return torn.byteLength < from ? (synced as Uint8Array) : torn;
  }

  #node(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split("/").filter((part) => part !== "")) {
      node = node?.kind === "directory" ? node.entries.get(name) : undefined;
    }
    return node;
  }

  #file(path: string): FileNode | undefined {
    const node = this.#node(path);
    if (node?.kind === "directory") throw systemError("EISDIR");
    return node;
  }

  #directory(path: string): DirectoryNode {
    const node = this.#node(path);
    if (node?.kind !== "directory") throw systemError(node === undefined ? "ENOENT" : "ENOTDIR");
    return node;
  }

  #place(path: string): { directory: DirectoryNode; name: string } {
    const slash = path.lastIndexOf("/");
    return { directory: this.#directory(path.slice(0, slash)), name: path.slice(slash + 1) };
  }
}
