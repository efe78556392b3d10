import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { present } from "../../base/assert.ts";
import { storeErrorOf } from "./sqlite-error.ts";
import { copyError, type SqliteReply, type SqliteRequest } from "./sqlite-request.ts";
import { SqliteTable } from "./sqlite-table.ts";

/** The thread that holds the database: its first message says whether it could be opened. */
const port: MessagePort = present(parentPort, "the owner's port");
const path = String(workerData);

let table: SqliteTable | undefined;

function answer(work: () => unknown): void {
  let reply: SqliteReply;
  try {
    reply = { ok: true, value: work() };
  } catch (error) {
    reply = { ok: false, error: copyError(storeErrorOf(error, path, "unknown")) };
  }
  port.postMessage(reply);
}

function handle(open: SqliteTable, request: SqliteRequest): unknown {
  switch (request.kind) {
    case "read":
      return open.read(request.keys);
    case "query":
      return open.query(request.query);
    case "commit":
      return open.commit(request.writes);
    case "close":
      port.unref();
      return open.close();
  }
}

answer(() => {
  table = new SqliteTable(path);
});
port.on("message", (request: SqliteRequest) => answer(() => handle(present(table, "an open database"), request)));
