import { afterAll, beforeAll } from "vitest";
import { temporaryDirectory } from "../temporary-directory.ts";
import { KillableProcess } from "./killable-process.ts";

/** A server process that can be killed and started again at the same address, on the same data. */
export class KillableServer {
  readonly #settings: string;
  #dataDir = "";
  #process: KillableProcess | undefined;
  #port = "0";
  url = "";

  /** For all tests of a file, with these settings beside its place: runs over a directory of its own from before the first until after the last. */
  static forTests(settings: Readonly<Record<string, string>> = {}): KillableServer {
    const server = new KillableServer(settings);
    let remove = async (): Promise<void> => undefined;
    beforeAll(async () => {
      const directory = await temporaryDirectory();
      remove = directory.remove;
      server.#dataDir = directory.path;
      await server.start();
    });
    afterAll(async () => {
      await server.#process?.stop();
      await remove();
    });
    return server;
  }

  private constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = JSON.stringify(settings);
  }

  /** Resolves once it serves; fails with what it said when it ends instead. */
  async start(): Promise<void> {
    const started = new KillableProcess("kill/server-process.ts", [this.#dataDir, this.#port, this.#settings]);
    this.#process = started;
    for await (const line of started.lines()) {
      this.url = line;
      this.#port = new URL(line).port;
      return;
    }
    await started.ended();
    throw new Error("the server ended before it served");
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }
}
