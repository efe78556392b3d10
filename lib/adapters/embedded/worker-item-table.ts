import { Worker } from "node:worker_threads";
import { LogError, messageOf } from "../../base/errors.ts";
import type { ItemKey } from "../../storage/item-value.ts";
import type { ItemTable, RowPage, RowQuery, RowWrite } from "./item-table.ts";
import { errorOf, type SqliteReply, type SqliteRequest } from "./sqlite-request.ts";

interface Waiting {
  readonly request: SqliteRequest["kind"] | "open";
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: LogError) => void;
}

/** Source runs as TypeScript, the published package as JavaScript. */
const workerFile = import.meta.url.endsWith(".ts")
  ? new URL("./sqlite-worker.ts", import.meta.url)
  : new URL("./sqlite-worker.js", import.meta.url);

/** A table in SQLite on a thread of its own: the event loop goes on while a commit waits for the disk. */
export class WorkerItemTable implements ItemTable {
  readonly path: string;
  readonly #worker: Worker;
  /** Replies come in the order of the requests. */
  readonly #waiting: Waiting[] = [];
  #failure: LogError | undefined;
  #closing: Promise<void> | undefined;

  static async open(path: string): Promise<WorkerItemTable> {
    const table = new WorkerItemTable(path);
    try {
      await table.#reply("open");
    } catch (error) {
      await table.#worker.terminate();
      throw error;
    }
    return table;
  }

  private constructor(path: string) {
    this.path = path;
    this.#worker = new Worker(workerFile, { workerData: path, name: "tidelog-sqlite" });
    this.#worker.on("message", (reply: SqliteReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(messageOf(error)));
    this.#worker.on("exit", () => this.#fail("its thread ended"));
  }

  read(keys: readonly ItemKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#ask({ kind: "read", keys }) as Promise<readonly (Uint8Array | undefined)[]>;
  }

  query(query: RowQuery): Promise<RowPage> {
    return this.#ask({ kind: "query", query }) as Promise<RowPage>;
  }

  async commit(writes: readonly RowWrite[]): Promise<void> {
    await this.#ask({ kind: "commit", writes });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#failure === undefined) await this.#ask({ kind: "close" });
    await this.#worker.terminate();
  }

  #ask(request: SqliteRequest): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#worker.postMessage(request);
    return this.#reply(request.kind);
  }

  /** Keeps the process alive while somebody waits, and only then. */
  #reply(request: Waiting["request"]): Promise<unknown> {
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.push({ request, resolve, reject }));
  }

  #settle(reply: SqliteReply): void {
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(errorOf(reply.error));
  }

  #fail(why: string): void {
    const details = { file: this.path };
    const message = `${this.path} is out of reach: ${why}`;
    this.#failure ??= new LogError("StoreUnavailable", message, { details });
    for (const { request, reject } of this.#waiting.splice(0)) {
      reject(new LogError("StoreUnavailable", message, { details, effect: request === "commit" ? "unknown" : "none" }));
    }
  }
}
