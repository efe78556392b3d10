import { errorFromBody, isRecord } from "../api/http/error-body.ts";
import { BATCHES_TYPE, isMediaType, JSON_TYPE } from "../api/http/media-types.ts";
import { textOf } from "../base/bytes.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { type Effect, LogError } from "../base/errors.ts";
import type { HttpAnswer } from "./http-transport.ts";

/** Who was asked, and what an answer that is no answer leaves open. */
export interface Asked {
  readonly endpoint: string;
  readonly path: string;
  readonly effect: Effect;
}

/** The body of an answer that is Tidelog's; throws what the server told, or that something else answered. */
export function bodyOf(answer: HttpAnswer, asked: Asked): unknown {
  const isJson = isMediaType(answer.header("content-type"), JSON_TYPE);
  const body = isJson ? parsed(answer.bytes) : undefined;
  if (answer.status >= 200 && answer.status < 300) {
    if (body !== undefined) return body;
    if (isMediaType(answer.header("content-type"), BATCHES_TYPE)) return answer.bytes;
    throw foreignAnswer(answer, asked);
  }
  throw toldError(body, answer) ?? foreignAnswer(answer, asked);
}

/** Something between here and Tidelog answered (a proxy, a load balancer), or something else listens there. */
export function foreignAnswer(answer: HttpAnswer, asked: Asked): LogError {
  const { status } = answer;
  const { code, effect } = foreignMeaning(status, asked.effect);
  const contentType = answer.header("content-type");
  const details = { endpoint: asked.endpoint, path: asked.path, status, contentType, excerpt: excerptOf(answer) };
  const told = wordsOf(answer) ?? contentType ?? "no content type";
  const message = `${asked.endpoint} answered HTTP ${status} (${told}), not as Tidelog does`;
  return new LogError(code, message, { effect, details, ...retryAfter(answer) });
}

const WORDS_MAX = 300;

/** What a gateway says in its own form: API Gateway has `{"message":"Forbidden"}`. */
function wordsOf(answer: HttpAnswer): string | undefined {
  const isJson = isMediaType(answer.header("content-type"), JSON_TYPE);
  const body = isJson ? parsed(answer.bytes) : undefined;
  const message = isRecord(body) ? (body.message ?? body.Message) : undefined;
  return typeof message === "string" ? message.slice(0, WORDS_MAX) : undefined;
}

function toldError(body: unknown, answer: HttpAnswer): LogError | undefined {
  const told = errorFromBody(body);
  if (told === undefined) return undefined;
  const retryAfterMs = told.retryAfterMs ?? retryAfter(answer).retryAfterMs;
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new LogError(told.code, told.message, { effect: told.effect, details: told.details, ...options });
}

// A gateway that gave up (502, 504) may have passed the request on; one that refused (429, 4xx) has not. API Gateway
// says 500 when the function ended before it answered, and whoever else does is worth another attempt, too.
function foreignMeaning(status: number, effect: Effect): { code: ErrorCode; effect: Effect } {
  if (status === 401 || status === 407) return { code: "Unauthenticated", effect: "none" };
  if (status === 403) return { code: "ClusterAuthorizationFailed", effect: "none" };
  if (status === 404 || status === 405) return { code: "NotFound", effect: "none" };
  if (status === 413) return { code: "RequestTooLarge", effect: "none" };
  if (status === 429) return { code: "Overloaded", effect: "none" };
  if (status === 500 || (status >= 502 && status <= 504)) return { code: "NetworkException", effect };
  return { code: "UnknownServerError", effect };
}

/** Retry-After in seconds; its other form, a date, is for caches and left aside. */
function retryAfter(answer: HttpAnswer): { retryAfterMs?: number } {
  const header = answer.header("retry-after");
  return header !== undefined && /^\d{1,6}$/.test(header) ? { retryAfterMs: Number(header) * 1000 } : {};
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
}

const EXCERPT_BYTES = 200;

function excerptOf(answer: HttpAnswer): string {
  return textOf(answer.bytes.subarray(0, EXCERPT_BYTES));
}
