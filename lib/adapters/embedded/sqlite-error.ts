import { type Effect, LogError, messageOf } from "../../base/errors.ts";

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** The primary result code of an error thrown by `node:sqlite`; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

/** A failure of SQLite as the store's own; `path` is the database file. */
export function storeErrorOf(error: unknown, path: string, effect: Effect = "none"): LogError {
  if (error instanceof LogError) return error;
  const options = { effect, details: { file: path }, cause: error };
  const damaged = { ...options, details: { file: path, damagedDatabase: true } };
  switch (sqliteCode(error)) {
    case BUSY:
    case LOCKED:
      return new LogError("StoreLocked", `another process uses ${path}`, options);
    case FULL:
      // The commit's last frame did not reach the file, so recovery would skip the rest as well.
      return new LogError("StoreFull", `no space left to write ${path}`, { ...options, effect: "none" });
    case READONLY:
    case PERM:
      return new LogError("StoreForbidden", `may not write ${path}`, options);
    case CORRUPT:
      return new LogError("StoreUnavailable", `${path} is damaged: ${messageOf(error)}`, damaged);
    case NOTADB:
      return new LogError("StoreFormat", `${path} is damaged, or no SQLite database`, damaged);
    case CANTOPEN:
      return new LogError("StoreForbidden", `cannot open ${path}`, options);
    default:
      return new LogError("StoreUnavailable", `${path}: ${messageOf(error)}`, options);
  }
}
