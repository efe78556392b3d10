import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface Emulator {
  readonly url: string;
  close(): Promise<void>;
}

const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 5000;
const POLL_MS = 20;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a program that serves HTTP at `url`, and waits until it does. Fails with its last words when it ends. */
export async function startEmulator(
  url: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Emulator> {
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => {
    words = `${words}${chunk.toString()}`.slice(-2000);
  });
  child.on("error", (error) => {
    words += error.message;
  });
  const close = () => stop(child);
  const startedMs = performance.now();
  while (!(await answers(url))) {
    if (child.exitCode !== null || child.pid === undefined || performance.now() - startedMs > READY_MS_MAX) {
      await close();
      throw new Error(`${program} does not serve ${url}: ${words}`);
    }
    await sleep(POLL_MS);
  }
  return { url, close };
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const gaveUp = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await exited;
  clearTimeout(gaveUp);
}
