import type { ErrorCode } from "../../base/error-codes.ts";
import { type Effect, LogError } from "../../base/errors.ts";
import type { ItemKey } from "../../storage/item-value.ts";
import type { RowQuery, RowWrite } from "./item-table.ts";

/** What the owner asks of the thread that holds the database. Answered one by one, in order. */
export type SqliteRequest =
  | { readonly kind: "read"; readonly keys: readonly ItemKey[] }
  | { readonly kind: "query"; readonly query: RowQuery }
  | { readonly kind: "commit"; readonly writes: readonly RowWrite[] }
  | { readonly kind: "close" };

export type SqliteReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: CopiedError };

/** A `LogError` as threads can pass it. */
interface CopiedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly effect: Effect;
  readonly details: Readonly<Record<string, unknown>>;
}

export function copyError({ code, message, effect, details }: LogError): CopiedError {
  return { code, message, effect, details };
}

export function errorOf({ code, message, effect, details }: CopiedError): LogError {
  return new LogError(code, message, { effect, details });
}
