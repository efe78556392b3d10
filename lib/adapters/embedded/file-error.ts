import type { ErrorCode } from "../../base/error-codes.ts";
import { type Effect, LogError, messageOf } from "../../base/errors.ts";
import { systemCodeOf } from "./file-system.ts";

const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ["StoreFull", "no space left to write"],
  EDQUOT: ["StoreFull", "the quota leaves no space to write"],
  EACCES: ["StoreForbidden", "no permission for"],
  EPERM: ["StoreForbidden", "no permission for"],
  EROFS: ["StoreForbidden", "the file system is read-only at"],
  ENOTDIR: ["InvalidRequest", "part of the key names an object, not a directory:"],
  EISDIR: ["InvalidRequest", "the key names a directory, not an object:"],
  ENAMETOOLONG: ["InvalidRequest", "too long a name:"],
};

/** An operating system's error as the store's own, naming the file. */
export function fileErrorOf(error: unknown, path: string, effect: Effect = "none"): LogError {
  if (error instanceof LogError) return error;
  const systemCode = systemCodeOf(error);
  const known = systemCode === undefined ? undefined : CODES[systemCode];
  const [code, text] = known ?? (["StoreUnavailable", "the disk failed at"] as const);
  const reason = known === undefined ? ` (${messageOf(error)})` : "";
  return new LogError(code, `${text} ${path}${reason}`, { effect, details: { file: path, systemCode }, cause: error });
}
