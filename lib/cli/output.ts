import type { Writable } from "node:stream";
import { messageOf } from "../base/errors.ts";
import { CommandError } from "./command-error.ts";

/** A command's results on their way to stdout, at the speed of whoever reads them. */
export class Output {
  readonly #stream: Writable;
  readonly #ended = new AbortController();
  #failure: CommandError | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", (error) => this.#end(error));
  }

  /** Aborts when nothing more can be written: the reader has left, as `head` does, or the disk is full. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves once the bytes are taken. A reader that has left is no error: what is written after is dropped. */
  async write(data: string | Uint8Array): Promise<void> {
    if (!this.#ended.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#stream.write(data, (error) => {
          if (error) this.#end(error);
          resolve();
        });
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value, null, 2));
  }

  #end(error: Error): void {
    if (this.#ended.signal.aborted) return;
    const left = "code" in error && error.code === "EPIPE";
    if (!left) this.#failure = new CommandError(`the output cannot be written: ${messageOf(error)}`);
    this.#ended.abort(error);
  }
}
