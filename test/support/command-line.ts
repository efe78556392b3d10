import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../../lib/cli/main.ts", import.meta.url));
const lineMsMax = 30_000;

/** How a command ended, and what it left on its two streams. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A command under way. */
export class RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandResult>;
  #stdout: Buffer[] = [];
  #stderr = "";

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on("data", (chunk: Buffer) => this.#stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    // A command that ends before it has read everything: what came of it shows how it ended.
    child.stdin?.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves once either stream shows this, with the match. */
  async shows(what: RegExp): Promise<RegExpExecArray> {
    const deadlineMs = Date.now() + lineMsMax;
    while (Date.now() < deadlineMs) {
      const match = what.exec(this.#stderr) ?? what.exec(this.stdout.toString());
      if (match !== null) return match;
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${what} was not shown; stderr: ${this.#stderr}; stdout: ${this.stdout.toString().slice(0, 2000)}`);
  }

  interrupt(): Promise<CommandResult> {
    this.child.kill("SIGINT");
    return this.ended;
  }
}

/** Runs `tidelog` from the source as a process of its own; `endAll` leaves none of them behind. */
export class CommandLine {
  readonly #running = new Set<RunningCommand>();
  /** Sent as TIDELOG_ENDPOINT. */
  endpoint: string | undefined;
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningCommand {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("TIDELOG_"));
    const endpoint = this.endpoint === undefined ? {} : { TIDELOG_ENDPOINT: this.endpoint };
    const env = { ...Object.fromEntries(own), ...endpoint, ...environment };
    const command = new RunningCommand(spawn(process.execPath, [entry, ...args], { cwd: this.directory, env }));
    this.#running.add(command);
    void command.ended.then(() => this.#running.delete(command));
    return command;
  }

  /** Runs to its end, with this on its stdin. */
  run(args: readonly string[], input: string | Uint8Array = "", environment: NodeJS.ProcessEnv = {}) {
    const command = this.start(args, environment);
    command.child.stdin?.end(input);
    return command.ended;
  }

  async endAll(): Promise<void> {
    const all = [...this.#running];
    for (const { child } of all) child.kill("SIGKILL");
    await Promise.all(all.map(({ ended }) => ended));
  }
}
