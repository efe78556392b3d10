import type { FileSystem } from "./file-system.ts";

interface Syncing {
  readonly current: Promise<void>;
  next: Promise<void> | undefined;
}

/**
 * Syncs directories for many at a time: whoever comes while a sync runs cannot rely on it, but all of them
 * share the one after it.
 */
export class DirectorySync {
  readonly #fileSystem: FileSystem;
  readonly #syncing = new Map<string, Syncing>();

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  /** Resolves when the names that stood in the directory at the call are durable. */
  sync(path: string): Promise<void> {
    const running = this.#syncing.get(path);
    if (running === undefined) return this.#start(path);
    running.next ??= running.current.then(
      () => this.#start(path),
      () => this.#start(path),
    );
    return running.next;
  }

  #start(path: string): Promise<void> {
    const syncing: Syncing = { current: this.#fileSystem.syncDirectory(path), next: undefined };
    this.#syncing.set(path, syncing);
    const forget = (): void => {
      if (syncing.next === undefined && this.#syncing.get(path) === syncing) this.#syncing.delete(path);
    };
    syncing.current.then(forget, forget);
    return syncing.current;
  }
}
