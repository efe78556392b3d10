import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMPLAINTS_CHARS_MAX = 4000;

/** What stands still would not notice that its parent ends. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A script of `test/support` as a process of its own, which can be killed at any moment. */
export class KillableProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #complaints = "";

  /** `script` is a path below `test/support`. */
  constructor(script: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
    this.#child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.#child);
    this.#closed = once(this.#child, "close").finally(() => running.delete(this.#child));
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-COMPLAINTS_CHARS_MAX);
    });
  }

  /** What it prints, line by line, to its end: what it had printed before it was killed still comes. */
  lines(): AsyncIterable<string> {
    return createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
  }

  /** Resolves when it has ended; fails with what it said if it ended badly by itself. */
  async ended(): Promise<void> {
    await this.#closed;
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0 && signalCode === null)
      throw new Error(`the process ended with ${exitCode}: ${this.#complaints}`);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** SIGSTOP: it stands still until it is thawed, or killed. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    // What nobody reads any more would hold up its end.
    this.#child.stdout?.resume();
    await this.#closed;
  }
}
