import { DatabaseSync, type StatementSync } from "node:sqlite";
import { LogError } from "../../base/errors.ts";
import type { ItemKey } from "../../storage/item-value.ts";
import type { Row, RowPage, RowQuery, RowWrite } from "./item-table.ts";
import { storeErrorOf } from "./sqlite-error.ts";

/** "TIDL": tells our file from any other SQLite database. */
const APPLICATION_ID = 0x5449444c;
const SCHEMA_VERSION = 1;
/** A head of 2 KiB must fit into its leaf: SQLite moves what is above a quarter of a page to overflow pages. */
const PAGE_BYTES = 16 * 1024;
/** Pages in the log at which a commit also checkpoints: bounds the log at about 16 MiB. */
const CHECKPOINT_PAGES = 1000;
const WAL_BYTES_KEPT = 32 * 1024 * 1024;
/** One page of a query ends here, as on DynamoDB. */
const QUERY_BYTES_MAX = 1024 * 1024;

/** The table of items in one SQLite file, by synchronous calls. Holds the file for itself alone. */
export class SqliteTable {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #queries: { readonly up: RangeStatements; readonly down: RangeStatements };

  /** Fails with `StoreLocked` when another process, or another table of this one, has the file open. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openDatabase(path);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#select = prepare("SELECT value FROM items WHERE pk = ? AND sk = ?");
    this.#upsert = prepare(
      "INSERT INTO items VALUES (?, ?, ?) ON CONFLICT (pk, sk) DO UPDATE SET value = excluded.value",
    );
    this.#remove = prepare("DELETE FROM items WHERE pk = ? AND sk = ?");
    this.#begin = prepare("BEGIN IMMEDIATE");
    this.#commit = prepare("COMMIT");
    this.#queries = { up: rangeStatements(prepare, "ASC"), down: rangeStatements(prepare, "DESC") };
  }

  read(keys: readonly ItemKey[]): (Uint8Array | undefined)[] {
    return this.#naming(() => keys.map(({ pk, sk }) => this.#select.get(pk, sk)?.value as Uint8Array | undefined));
  }

  query({ pk, from, to, reverse, limit }: RowQuery): RowPage {
    return this.#naming(() => {
      const { bounded, open } = reverse ? this.#queries.down : this.#queries.up;
      const found = to === undefined ? open.iterate(pk, from) : bounded.iterate(pk, from, to);
      const rows: Row[] = [];
      let bytes = 0;
      for (const { sk, value } of found as Iterable<{ sk: string; value: Uint8Array }>) {
        if (rows.length === limit || (rows.length > 0 && bytes > QUERY_BYTES_MAX)) return { rows, more: true };
        rows.push({ sk, value });
        bytes += value.byteLength;
      }
      return { rows, more: false };
    });
  }

  commit(writes: readonly RowWrite[]): void {
    try {
      this.#begin.run();
      for (const { pk, sk, value } of writes) {
        if (value === undefined) this.#remove.run(pk, sk);
        else this.#upsert.run(pk, sk, value);
      }
    } catch (error) {
      this.#rollBack();
      throw storeErrorOf(error, this.#path);
    }
    try {
      this.#commit.run();
    } catch (error) {
      this.#rollBack();
      throw storeErrorOf(error, this.#path, "unknown");
    }
  }

  /** Moves the log into the database, and frees the file. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after the graver failures.
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }

  #naming<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeErrorOf(error, this.#path);
    }
  }
}

interface RangeStatements {
  readonly open: StatementSync;
  readonly bounded: StatementSync;
}

function rangeStatements(prepare: (sql: string) => StatementSync, order: "ASC" | "DESC"): RangeStatements {
  const select = "SELECT sk, value FROM items WHERE pk = ? AND sk >= ?";
  return {
    open: prepare(`${select} ORDER BY sk ${order}`),
    bounded: prepare(`${select} AND sk <= ? ORDER BY sk ${order}`),
  };
}

function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
    // Exclusive before the first access: the log's index then lives in memory, and nobody else gets in.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    checkOurs(database, path);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${WAL_BYTES_KEPT};
      PRAGMA trusted_schema = OFF;
    `);
    // The lock on the file is taken by this first write: a second process fails here at the latest.
    database.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS items (pk TEXT, sk TEXT, value BLOB NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${SCHEMA_VERSION};
      COMMIT;
    `);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw storeErrorOf(error, path);
  }
}

function checkOurs(database: DatabaseSync, path: string): void {
  const number = (pragma: string): number => Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
  const application = number("application_id");
  const version = number("user_version");
  const empty = application === 0 && version === 0 && number("schema_version") === 0;
  if (empty || (application === APPLICATION_ID && version === SCHEMA_VERSION)) return;
  const what = application === APPLICATION_ID ? `has schema version ${version}` : "belongs to another application";
  throw new LogError("StoreFormat", `${path} ${what}; this release uses version ${SCHEMA_VERSION}`, {
    details: { file: path, version },
  });
}
