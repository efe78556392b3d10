import type { Context } from "hono";
import { CLIENT_ID_HEADER, isMediaType, TIMEOUT_HEADER } from "../api/http/media-types.ts";
import type { RequestContext } from "../api/log-service.ts";
import { LogError } from "../base/errors.ts";
import { serviceCallMsDefault, serviceWaitMsMax } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { randomName } from "../base/random.ts";
import type { HttpEnv } from "./http-options.ts";

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,80}$/;
const CLIENT_ID_LENGTH_MAX = 200;

/** The caller's own id when it can stand in a log line. */
export function requestIdOf(given: string | undefined, random: Random): string {
  return given !== undefined && REQUEST_ID.test(given) ? given : randomName(random, 16);
}

/** What the service is told of a request: its deadline counts from its first byte, and it ends with the connection. */
export function contextOf(c: Context<HttpEnv>): RequestContext {
  return {
    principal: c.get("principal"),
    clientId: clientIdOf(c.req.header(CLIENT_ID_HEADER)),
    requestId: c.get("requestId"),
    deadlineMs: c.get("startedMs") + timeoutMsOf(c.req.header(TIMEOUT_HEADER)),
    signal: c.req.raw.signal,
  };
}

/** Refuses a body of another media type before it is read. */
export function demandContentType(c: Context<HttpEnv>, ...types: readonly [string, ...string[]]): void {
  const contentType = c.req.header("content-type");
  const encoding = c.req.header("content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw unsupported("content-encoding", "none: records are compressed as batches", encoding);
  }
  if (!types.some((type) => isMediaType(contentType, type))) {
    throw unsupported("content-type", types.join(" or "), contentType ?? "none");
  }
}

function unsupported(field: string, expected: string, actual: string): LogError {
  const details = { field, expected, actual };
  return new LogError("UnsupportedMediaType", `${field}: expected ${expected}, got ${actual}`, { details });
}

function timeoutMsOf(header: string | undefined): number {
  if (header === undefined) return serviceCallMsDefault;
  if (/^\d{1,9}$/.test(header)) return Math.min(Number(header), serviceWaitMsMax);
  const details = { field: TIMEOUT_HEADER, expected: "whole ms", actual: header };
  throw new LogError("InvalidRequest", `${TIMEOUT_HEADER}: expected whole ms, got ${header}`, { details });
}

function clientIdOf(header: string | undefined): string {
  if (header === undefined) return "";
  try {
    return decodeURIComponent(header).slice(0, CLIENT_ID_LENGTH_MAX);
  } catch {
    return header.slice(0, CLIENT_ID_LENGTH_MAX);
  }
}
