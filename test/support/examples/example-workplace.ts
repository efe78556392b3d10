import { execFile, spawn } from "node:child_process";
import { chmod, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryDirectory } from "../temporary-directory.ts";
import type { Example } from "./example-blocks.ts";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));
const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");
const DOCUMENTED_ADDRESS = "http://127.0.0.1:8080";
const shownMsMax = 30_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds what would be published, from the source as it stands, where it cannot disturb the tree's own build. */
export async function buildPackage(directory: string): Promise<void> {
  for (const part of ["package.json", "bin"]) {
    await cp(path.join(root, part), path.join(directory, part), { recursive: true });
  }
  await symlink(path.join(root, "node_modules"), path.join(directory, "node_modules"));
  await execute(process.execPath, [path.join(root, "scripts", "build.ts"), path.join(directory, "dist")]);
}

/**
 * A directory in which the examples of one document run, one after the other, as for a reader who follows it: the
 * package is built and installed, and `npm start` has been called in it.
 *
 * - `npx tidelog` is the built command; commands find the server by `TIDELOG_ENDPOINT`.
 * - `http://127.0.0.1:8080` becomes the address of the server, which listens on a free port.
 * - `npm ci` has been done: it does nothing here.
 * - A TypeScript block is a module of its own, next to the data directory.
 */
export class Workplace {
  readonly directory: string;
  url = "";
  startOutput = "";
  readonly #scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #running = new Set<ReturnType<typeof spawn>>();

  private constructor(scratch: Awaited<ReturnType<typeof temporaryDirectory>>) {
    this.#scratch = scratch;
    this.directory = path.join(scratch.path, "work");
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("TIDELOG_"));
    const programs = [path.join(scratch.path, "programs"), path.dirname(process.execPath), process.env.PATH ?? ""];
    this.#environment = { ...Object.fromEntries(own), PATH: programs.join(path.delimiter), NO_COLOR: "1" };
  }

  /** `package_` is a directory that `buildPackage` has filled. */
  static async open(package_: string): Promise<Workplace> {
    const place = new Workplace(await temporaryDirectory());
    await place.#install(package_);
    return place;
  }

  async #install(package_: string): Promise<void> {
    await mkdir(path.join(this.directory, "node_modules"), { recursive: true });
    await mkdir(path.join(this.#scratch.path, "programs"));
    await symlink(package_, path.join(this.directory, "node_modules", "tidelog"));
    for (const name of ["zod", "@types"]) {
      await symlink(path.join(root, "node_modules", name), path.join(this.directory, "node_modules", name));
    }
    await writeFile(path.join(this.directory, "package.json"), '{ "type": "module" }\n');
    const entry = path.join(package_, "bin", "tidelog.js");
    await this.#program("npx", `[ "$1" = tidelog ] || exit 64\nshift\nexec node '${entry}' "$@"`);
    await this.#program("npm", '[ "$1" = ci ] || exit 64');
  }

  async #program(name: string, script: string): Promise<void> {
    const file = path.join(this.#scratch.path, "programs", name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }

  /** What `npm start` stands for, but on a free port; resolves once everything is printed. */
  async startServer(script: string): Promise<void> {
    const words = script.replace(/^node bin\/tidelog\.js/, "npx tidelog");
    const child = spawn("sh", ["-c", `exec ${words}`], {
      cwd: this.directory,
      env: { ...this.#environment, TIDELOG_PORT: "0" },
    });
    this.#running.add(child);
    let complaints = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    child.stdout.on("data", (chunk: Buffer) => {
      this.startOutput += chunk.toString();
    });
    const deadlineMs = Date.now() + shownMsMax;
    while (!this.startOutput.includes("Ctrl-C stops the server.")) {
      if (child.exitCode !== null || Date.now() > deadlineMs) throw new Error(`no server: ${complaints}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.url = /http:\/\/127\.0\.0\.1:\d+/.exec(this.startOutput)?.[0] ?? "";
  }

  /** Runs an example as its reader would. */
  async run(example: Example): Promise<Ran> {
    const environment = { TIDELOG_ENDPOINT: this.url };
    const code = example.code.replaceAll(DOCUMENTED_ADDRESS, this.url);
    if (example.language === "sh") return this.#run("sh", ["-e", "-c", code], environment);
    const file = path.join(this.directory, fileName(example));
    await writeFile(file, code);
    return this.#run(process.execPath, [file]);
  }

  /** What a strict compiler has to say of all modules together; empty when it takes them. */
  async typeErrors(examples: readonly Example[]): Promise<string> {
    const modules = examples.filter(({ language }) => language === "ts");
    for (const example of modules) await writeFile(path.join(this.directory, fileName(example)), example.code);
    const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2024", "--types", "node"];
    const libraries = ["--lib", "es2024,esnext.disposable", "--skipLibCheck"];
    const files = modules.map(fileName);
    if (files.length === 0) return "";
    return (await this.#run(process.execPath, [compiler, ...options, ...libraries, ...files])).stdout;
  }

  async close(): Promise<void> {
    const ended = [...this.#running].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.#running) child.kill("SIGTERM");
    await Promise.all(ended);
    await this.#scratch.remove();
  }

  #run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const child = spawn(program, args, {
      cwd: this.directory,
      env: { ...this.#environment, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, stdout, stderr }));
    });
  }
}

function fileName({ line }: Example): string {
  return `example-at-line-${line}.ts`;
}
