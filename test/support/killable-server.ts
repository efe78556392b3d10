import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("server-process.ts", import.meta.url));

/** A server process that can be killed and started again at the same address, on the same data. */
export class KillableServer {
  readonly #dataDir: string;
  #process: ChildProcess | undefined;
  #port = "0";
  url = "";

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** Resolves once it serves; fails with what it said when it ends instead. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [script, this.#dataDir, this.#port], { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    let complaints = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-4000);
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    this.url = await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${complaints}`)));
    });
    this.#port = new URL(this.url).port;
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
