import type { Context } from "hono";
import type * as z from "zod";
import { decodeFrame, type Frame } from "../api/http/frame.ts";
import { BATCHES_TYPE, JSON_TYPE } from "../api/http/media-types.ts";
import { strictTextOf } from "../base/bytes.ts";
import { LogError } from "../base/errors.ts";
import { checkInput, parseJson } from "./check-input.ts";
import type { HttpEnv } from "./http-options.ts";
import { readBody } from "./read-body.ts";
import { demandContentType } from "./request-scope.ts";

export async function readJson<Schema extends z.ZodType>(
  c: Context<HttpEnv>,
  schema: Schema,
): Promise<z.output<Schema>> {
  return checkInput(schema, await readAnyJson(c), "body");
}

export async function readAnyJson(c: Context<HttpEnv>): Promise<unknown> {
  demandContentType(c, JSON_TYPE);
  const text = strictTextOf(await bytesOf(c));
  if (text !== undefined) return parseJson(text);
  const details = { field: "body", expected: "UTF-8" };
  throw new LogError("InvalidRequest", "the body is not UTF-8", { details });
}

export async function readFrame(c: Context<HttpEnv>): Promise<Frame> {
  demandContentType(c, BATCHES_TYPE);
  return decodeFrame(await bytesOf(c));
}

function bytesOf(c: Context<HttpEnv>): Promise<Uint8Array> {
  const source = { chunks: c.env.chunks ?? c.req.raw.body, declaredLength: c.req.header("content-length") };
  return readBody(source, c.get("bodyBytesMax"), c.get("share"));
}
