import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface EnvironmentOptions {
  /** The bundle's file. */
  readonly bundle: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

export type InvocationOutcome =
  | { readonly kind: "result"; readonly json: string }
  /** The handler threw. */
  | { readonly kind: "failed"; readonly message: string }
  /** The process ended before it answered: killed, or out of time. */
  | { readonly kind: "died" };

interface Message {
  readonly result?: string;
  readonly failure?: string;
}

/** An invocation that was frozen beyond its time goes on so long before it is ended: longer than Lambda lets it. */
const OVERTIME_MS = 1000;
/** What stands still would not notice that its parent ends. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
const file = fileURLToPath(new URL("./environment-process.ts", import.meta.url));

/**
 * One environment of a function: a process with nothing but the variables given, which has one invocation at a
 * time and stands still in between, as Lambda's do.
 */
export class LambdaEnvironment {
  readonly #child: ChildProcess;
  readonly #timeoutMs: number;
  readonly #startedMs = performance.now();
  readonly #ready: Promise<unknown>;
  readonly #ended: Promise<{ kind: "died" }>;
  #thawing: NodeJS.Timeout | undefined;
  #alive = true;
  /** Frozen or at work within an invocation; false between invocations. */
  busy = false;
  /** From the start of the process to its first answer, ms. */
  coldStartMs: number | undefined;

  constructor({ bundle, variables, timeoutMs }: EnvironmentOptions) {
    this.#timeoutMs = timeoutMs;
    this.#child = fork(file, [bundle], { env: variables, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    running.add(this.#child);
    this.#ended = once(this.#child, "exit").then(() => {
      this.#alive = false;
      running.delete(this.#child);
      clearTimeout(this.#thawing);
      return { kind: "died" };
    });
    this.#ready = Promise.race([once(this.#child, "message"), this.#ended]);
  }

  get alive(): boolean {
    return this.#alive;
  }

  async invoke(event: unknown, requestId: string): Promise<InvocationOutcome> {
    this.busy = true;
    await this.#ready;
    if (!this.#alive) return { kind: "died" };
    this.#child.kill("SIGCONT");
    const answer = once(this.#child, "message") as Promise<[Message]>;
    const late = this.#endWhenLate();
    this.#child.send({ event, timeoutMs: this.#timeoutMs, requestId }, () => undefined);
    const answered = await Promise.race([answer.then(([message]) => outcomeOf(message)), this.#ended]);
    late.cancel();
    if (answered.kind === "died") return answered;
    this.coldStartMs ??= performance.now() - this.#startedMs;
    clearTimeout(this.#thawing);
    this.#thawing = undefined;
    this.#child.kill("SIGSTOP");
    this.busy = false;
    return answered;
  }

  /** Stops it in the middle of its invocation, for so long. Frozen beyond its time, it goes on all the same. */
  freeze(ms: number): boolean {
    if (!this.busy || !this.#alive || this.#thawing !== undefined) return false;
    this.#child.kill("SIGSTOP");
    this.#thawing = setTimeout(() => {
      this.#thawing = undefined;
      this.#child.kill("SIGCONT");
    }, ms);
    return true;
  }

  /** SIGKILL: frozen or not, no handler runs. */
  async kill(): Promise<void> {
    this.#alive = false;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #endWhenLate(): { cancel: () => void } {
    let timer: NodeJS.Timeout;
    const check = (): void => {
      if (this.#thawing === undefined) this.#child.kill("SIGKILL");
      else timer = setTimeout(check, OVERTIME_MS);
    };
    timer = setTimeout(check, this.#timeoutMs);
    return { cancel: () => clearTimeout(timer) };
  }
}

function outcomeOf({ result, failure }: Message): InvocationOutcome {
  return result === undefined ? { kind: "failed", message: failure ?? "" } : { kind: "result", json: result };
}
