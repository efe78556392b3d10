import { LogError } from "../../base/errors.ts";

/**
 * A reference led to nothing, to fewer bytes than it names, or to bytes that are not what was written. While
 * merges and collection are at work, or when a transfer went wrong, another look helps. If it does not, this is
 * damage: the error names the object.
 */
export class MissingBytesError extends LogError {
  constructor(what: string, details: Readonly<Record<string, unknown>>, cause?: unknown) {
    super("CorruptObject", `${what} is missing, too short, or damaged`, { details, cause });
  }
}
