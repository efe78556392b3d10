import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface FunctionOptions {
  /** The bundle's file. */
  readonly bundle: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

export interface FunctionEnvironments {
  /** By an idle environment, or by a new one: none ever answers two invocations at a time. */
  invoke(event: unknown): Promise<unknown>;
  /** From the start of each environment's process to its first answer, ms. */
  readonly coldStartsMs: readonly number[];
  /** Kills one environment that is idle, if there is one: the next invocation starts another. */
  killOne(): void;
  close(): Promise<void>;
}

interface Environment {
  readonly process: ChildProcess;
  readonly startedMs: number;
  readonly ready: Promise<unknown>;
  answered: boolean;
}

/** What a result may be, as Lambda refuses more. */
const RESULT_CHARACTERS_MAX = 6 * 1024 * 1024;
const file = fileURLToPath(new URL("./environment-process.ts", import.meta.url));

/** A stand-in for Lambda: processes with nothing but the variables given, each with one invocation at a time. */
export function functionEnvironments({ bundle, variables, timeoutMs }: FunctionOptions): FunctionEnvironments {
  const idle: Environment[] = [];
  const all = new Set<Environment>();
  const coldStartsMs: number[] = [];
  let invocations = 0;

  function start(): Environment {
    const startedMs = performance.now();
    const child = fork(file, [bundle], { env: variables, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const environment = { process: child, startedMs, ready: once(child, "message"), answered: false };
    all.add(environment);
    child.once("exit", () => {
      all.delete(environment);
      if (idle.includes(environment)) idle.splice(idle.indexOf(environment), 1);
    });
    return environment;
  }

  async function invoke(event: unknown): Promise<unknown> {
    const environment = idle.pop() ?? start();
    await environment.ready;
    const answer = once(environment.process, "message") as Promise<[{ result?: string; failure?: string }]>;
    environment.process.send({ event, timeoutMs, requestId: `invocation-${++invocations}` });
    const [{ result, failure }] = await answer;
    if (!environment.answered) coldStartsMs.push(performance.now() - environment.startedMs);
    environment.answered = true;
    idle.push(environment);
    if (result === undefined) throw new Error(failure);
    if (result.length > RESULT_CHARACTERS_MAX) throw new Error(`the result has ${result.length} characters`);
    return JSON.parse(result);
  }

  return {
    invoke,
    coldStartsMs,
    killOne() {
      const environment = idle.pop();
      environment?.process.kill("SIGKILL");
    },
    async close() {
      const exits = [...all].map(async ({ process: child }) => {
        child.kill("SIGKILL");
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      });
      await Promise.all(exits);
    },
  };
}
