import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { builtCommand } from "./build-package.ts";
import type { Load, LoadResult } from "./load.ts";

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const TRACE = pathOf("trace-disk.ts");
const LOAD = pathOf("load-process.ts");

interface ServerOptions {
  readonly dataDir: string;
  /** Where to note durable writes. */
  readonly trace?: string;
  /** Where to leave a CPU profile. */
  readonly profileDirectory?: string;
}

/** A server in a process of its own, as users run it: every setting at its default. */
export class BenchServer {
  readonly #process: ChildProcess;
  readonly url: string;

  static async start({ dataDir, trace, profileDirectory }: ServerOptions): Promise<BenchServer> {
    const profile = profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
    const start = [builtCommand, "start", "--json", "--port", "0", "--data-dir", dataDir, "--log-level", "warn"];
    const child = node([...profile, ...traceArguments(trace), ...start], trace);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const url = await new Promise<string>((resolve, reject) => {
      lines.once("line", (line) => resolve((JSON.parse(line) as { url: string }).url));
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    return new BenchServer(child, url);
  }

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.url = url;
  }

  /** The most memory that the process has had resident, in bytes, as the kernel counts it. */
  peakResidentBytes(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "latin1");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }
}

/** Runs a load in a process of its own; an engine in it notes its durable writes. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const trace = "dataDir" in load.at ? load.trace : undefined;
  const child = node([...traceArguments(trace), LOAD, JSON.stringify(load)], trace);
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`the load ended with ${code}: ${JSON.stringify(load)}`);
  return JSON.parse(text) as LoadResult;
}

function traceArguments(trace: string | undefined): string[] {
  return trace === undefined ? [] : ["--import", TRACE];
}

function node(args: readonly string[], trace: string | undefined): ChildProcess {
  const env = trace === undefined ? process.env : { ...process.env, BENCH_DISK_TRACE: trace };
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env });
}
