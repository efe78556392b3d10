import type { ItemKey } from "../../storage/item-value.ts";

/** An encoded item to store, or a key to remove. */
export interface RowWrite {
  readonly pk: string;
  readonly sk: string;
  readonly value: Uint8Array | undefined;
}

export interface RowQuery {
  readonly pk: string;
  readonly from: string;
  readonly to: string | undefined;
  readonly reverse: boolean;
  readonly limit: number;
}

export interface Row {
  readonly sk: string;
  readonly value: Uint8Array;
}

export interface RowPage {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

/**
 * Encoded items in sorted durable rows, for one owner: it decides in memory and hands over whole groups.
 * Requests take effect and are answered in the order in which they were made.
 */
export interface ItemTable {
  /** The file, for errors. */
  readonly path: string;
  read(keys: readonly ItemKey[]): Promise<readonly (Uint8Array | undefined)[]>;
  query(query: RowQuery): Promise<RowPage>;
  /** All the writes, or none; on disk when it resolves. Fails with effect `unknown` when they may be. */
  commit(writes: readonly RowWrite[]): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Names an item in errors. */
export function itemName(table: ItemTable, { pk, sk }: ItemKey): string {
  return `the item ${pk} ${sk} in ${table.path}`;
}
