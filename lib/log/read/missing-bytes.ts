import { LogError } from "../../base/errors.ts";

/**
 * A reference led to nothing, or to fewer bytes than it names. While merges and collection are at work this
 * means: head and index have moved, look again. When they have not, it is damage.
 */
export class MissingBytesError extends LogError {
  constructor(what: string, details: Readonly<Record<string, unknown>>) {
    super("CorruptObject", `${what} is missing, or shorter than its reference says`, { details });
  }
}
