import type { Hono } from "hono";
import type * as z from "zod";
import { METHOD_ADDRESSES } from "../api/http/addresses.ts";
import type { RequestContext } from "../api/log-service.ts";
import type { HttpEnv } from "./http-options.ts";
import { readJson } from "./request-body.ts";
import { contextOf } from "./request-scope.ts";

export type JsonMethod = <Schema extends z.ZodType>(
  method: keyof typeof METHOD_ADDRESSES,
  schema: Schema,
  run: (context: RequestContext, request: z.output<Schema>) => Promise<object>,
) => void;

/** Answers a method of the service whose request and answer are JSON, at its own address. */
export function jsonMethods(app: Hono<HttpEnv>): JsonMethod {
  return (method, schema, run) => {
    app.post(METHOD_ADDRESSES[method], async (c) => c.json(await run(contextOf(c), await readJson(c, schema))));
  };
}
