import { clearLine, cursorTo } from "node:readline";
import type { WriteStream } from "node:tty";

/** Where notices go: stderr, which may be a terminal. */
export type NoticeStream = Pick<WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command says besides its results: lines on stderr, and below them one line that changes, on terminals. */
export class Notices {
  readonly #stream: NoticeStream;
  #status = "";

  constructor(stream: NoticeStream) {
    this.#stream = stream;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Some terminals do not know how wide they are, and say 0. */
  get columns(): number {
    return this.#stream.columns || 80;
  }

  say(text: string): void {
    this.#clear();
    this.#stream.write(`tidelog: ${text}\n`);
    if (this.#status !== "") this.#stream.write(this.#status);
  }

  /** Replaces the changing line; an empty one takes it away. Nothing where there is no terminal. */
  status(text: string): void {
    if (!this.isTerminal || text === this.#status) return;
    this.#clear();
    this.#status = text;
    this.#stream.write(text);
  }

  #clear(): void {
    if (this.#status === "") return;
    const terminal = this.#stream as WriteStream;
    cursorTo(terminal, 0);
    clearLine(terminal, 0);
  }
}
