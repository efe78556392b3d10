import type { Context } from "hono";
import { BATCHES_TYPE } from "../api/http/media-types.ts";
import { byteLengthOf, concatBytes } from "../base/bytes.ts";
import type { HttpEnv } from "./http-options.ts";

/**
 * A frame as an answer, under its whole length, so that a client can tell one that was cut off. A server that writes
 * bodies in parts gets it so; elsewhere the parts are joined.
 */
export function frameAnswer(c: Context<HttpEnv>, parts: readonly Uint8Array[]): Response {
  const headers = { "content-type": BATCHES_TYPE, "content-length": String(byteLengthOf(parts)) };
  const { takeBody } = c.env;
  if (takeBody === undefined) return new Response(concatBytes(parts) as Uint8Array<ArrayBuffer>, { headers });
  takeBody(parts);
  return new Response(null, { headers });
}
