import type { ItemKey } from "../../storage/item-value.ts";
import type { ItemTable, RowPage, RowQuery, RowWrite } from "./item-table.ts";
import { SqliteTable } from "./sqlite-table.ts";

/** A table in SQLite on the caller's own thread, which stands still while a commit waits for the disk. */
export class InlineItemTable implements ItemTable {
  readonly path: string;
  readonly #table: SqliteTable;

  constructor(path: string) {
    this.path = path;
    this.#table = new SqliteTable(path);
  }

  async read(keys: readonly ItemKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#table.read(keys);
  }

  async query(query: RowQuery): Promise<RowPage> {
    return this.#table.query(query);
  }

  async commit(writes: readonly RowWrite[]): Promise<void> {
    this.#table.commit(writes);
  }

  async close(): Promise<void> {
    this.#table.close();
  }
}
