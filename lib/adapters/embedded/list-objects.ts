import { join } from "node:path";
import { compareUtf8 } from "../../storage/key-order.ts";
import type { FileSystem } from "./file-system.ts";

export interface KeyRange {
  readonly prefix: string;
  /** Keys above; the empty string for all. */
  readonly startAfter: string;
}

/**
 * The keys of the files below `root`, in the order of their UTF-8 bytes. Reads only the directories that can
 * hold keys of the range.
 */
export async function* keysBelow(fileSystem: FileSystem, root: string, range: KeyRange): AsyncGenerator<string> {
  yield* walk(fileSystem, root, range.prefix.slice(0, range.prefix.lastIndexOf("/") + 1), range);
}

async function* walk(fileSystem: FileSystem, root: string, base: string, range: KeyRange): AsyncGenerator<string> {
  const entries = (await fileSystem.list(join(root, base))) ?? [];
  // A directory sorts as its keys do, with the slash behind its name.
  const names = entries.map(({ name, isDirectory }) => base + name + (isDirectory ? "/" : "")).sort(compareUtf8);
  for (const name of names) {
    if (name.endsWith("/")) {
      if (mayHold(name, range)) yield* walk(fileSystem, root, name, range);
    } else if (name.startsWith(range.prefix) && compareUtf8(name, range.startAfter) > 0) {
      yield name;
    }
  }
}

function mayHold(directory: string, { prefix, startAfter }: KeyRange): boolean {
  if (!directory.startsWith(prefix) && !prefix.startsWith(directory)) return false;
  return startAfter.startsWith(directory) || compareUtf8(directory, startAfter) > 0;
}
