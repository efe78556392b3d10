import { dirname } from "node:path";
import { SingleFlight } from "../../base/single-flight.ts";
import type { DirectorySync } from "./directory-sync.ts";
import type { FileSystem } from "./file-system.ts";

/** Directories remembered as made; beyond it all are looked at anew. */
const knownDirectoriesMax = 20_000;

/** Makes directories below a root that is there, each durable before anything is put into it. */
export class DurableDirectories {
  readonly #fileSystem: FileSystem;
  readonly #sync: DirectorySync;
  readonly #root: string;
  readonly #known = new Set<string>();
  readonly #making = new SingleFlight<string, void>();

  constructor(fileSystem: FileSystem, sync: DirectorySync, root: string) {
    this.#fileSystem = fileSystem;
    this.#sync = sync;
    this.#root = root;
  }

  /** `path` is the root or lies below it. */
  async make(path: string): Promise<void> {
    if (path === this.#root || this.#known.has(path)) return;
    await this.#making.run(path, () => this.#make(path));
  }

  async #make(path: string): Promise<void> {
    const parent = dirname(path);
    await this.make(parent);
    await this.#fileSystem.makeDirectory(path);
    // Also when it was there: whoever made it may have died before its sync.
    await this.#sync.sync(parent);
    if (this.#known.size >= knownDirectoriesMax) this.#known.clear();
    this.#known.add(path);
  }
}
