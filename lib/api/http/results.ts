import type { LogError } from "../../base/errors.ts";
import { type ErrorJson, errorFromJson, errorToJson, isRecord } from "./error-body.ts";

type Failure = { readonly ok: false; readonly error: LogError };
type Result = { readonly ok: true } | Failure;

/** A partition's, a topic's or a group's part of an answer, as JSON: the error is the only thing that is not plain already. */
export type ResultJson<R extends Result> = R extends Failure ? Omit<R, "error"> & { readonly error: ErrorJson } : R;

export function resultToJson<R extends Result>(result: R): ResultJson<R> {
  const json = result.ok ? result : { ...result, error: errorToJson(result.error) };
  return json as unknown as ResultJson<R>;
}

/**
 * Undefined when the value is no result. Whatever else an answer holds is taken as the server gave it: the
 * contract's own tests check that, at no cost to each client.
 */
export function resultFromJson<R extends Result>(json: unknown): R | undefined {
  if (!isRecord(json) || (typeof json.topic !== "string" && typeof json.groupId !== "string")) return undefined;
  if (json.ok === true) return json as unknown as R;
  const error = json.ok === false ? errorFromJson(json.error) : undefined;
  return error === undefined ? undefined : ({ ...json, ok: false, error } as unknown as R);
}
