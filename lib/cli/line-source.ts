import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { messageOf } from "../base/errors.ts";
import { CommandError } from "./command-error.ts";

/** Lists of records of this size keep the work between two turns of the event loop short. */
const fileChunkBytes = 64 * 1024;

/** Where lines come from. */
export interface LineSource {
  readonly stream: Readable;
  /** Undefined where it is not known beforehand: stdin, pipes and devices. */
  readonly totalBytes: number | undefined;
  /** Whether somebody types the lines. */
  readonly isTerminal: boolean;
}

/** The named file, or stdin for none and for "-". */
export async function openLineSource(file: string | undefined, stdin: () => Readable): Promise<LineSource> {
  if (file === undefined || file === "-") return stdinSource(stdin());
  try {
    const status = await stat(file);
    if (status.isDirectory()) throw new CommandError(`${file} is a directory; give a file with --file`);
    const stream = createReadStream(file, { highWaterMark: fileChunkBytes });
    return { stream, totalBytes: status.isFile() ? status.size : undefined, isTerminal: false };
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(error, file);
  }
}

function stdinSource(stream: Readable & { readonly isTTY?: boolean }): LineSource {
  return { stream, totalBytes: undefined, isTerminal: stream.isTTY === true };
}

/** The bytes of a source until its end, or until `stopped` aborts, which ends it quietly, even while it waits. */
export async function* chunksOf(stream: Readable, stopped: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => void stream.destroy();
  stopped.addEventListener("abort", stop, { once: true });
  if (stopped.aborted) stop();
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    if (!stopped.aborted) throw unreadable(error, "the input");
  } finally {
    stopped.removeEventListener("abort", stop);
    stream.destroy();
  }
}

function unreadable(error: unknown, what: string): CommandError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new CommandError(`${what} does not exist; check --file`);
  if (code === "EACCES") return new CommandError(`${what} may not be read by this user; check its permissions`);
  return new CommandError(`${what} cannot be read: ${messageOf(error)}; check --file`);
}
