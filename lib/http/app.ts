import { Hono, type MiddlewareHandler } from "hono";
import { HEALTH_ADDRESS, METRICS_ADDRESS, OPENAPI_ADDRESS } from "../api/http/addresses.ts";
import { CLIENT_ID_HEADER, JSON_TYPE, REQUEST_ID_HEADER } from "../api/http/media-types.ts";
import { OPERATIONS } from "../api/http/operations.ts";
import { LogError } from "../base/errors.ts";
import { httpBodiesBytesMax, httpBodyBytesMax } from "../base/limits.ts";
import type { LogLevel } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { ByteBudget } from "./byte-budget.ts";
import { afterAbort, errorAnswer, logErrorOf } from "./error-answer.ts";
import { addGroupRoutes } from "./group-routes.ts";
import { hostGuard, tokenGuard } from "./guard.ts";
import type { HttpApp, HttpAppOptions, HttpEnv } from "./http-options.ts";
import { addMethodRoutes } from "./method-routes.ts";
import { openApiText } from "./openapi-text.ts";
import { addRecordRoutes } from "./record-routes.ts";
import { requestIdOf } from "./request-scope.ts";
import { routePath } from "./route-path.ts";
import { addTopicRoutes } from "./topic-routes.ts";

/**
 * The HTTP edge of a `LogService` as a standard Request-to-Response function: the same for a server and for
 * Lambda. It translates and checks; what a request means is the service's to say.
 */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { service, runtime } = options;
  const app = new Hono<HttpEnv>();
  app.use(observe(runtime));
  app.onError((thrown, c) => {
    const error = logErrorOf(thrown, runtime.logger, c.get("requestId"));
    return errorAnswer(c.req.raw.signal.aborted ? afterAbort(error) : error);
  });
  app.get(HEALTH_ADDRESS, (c) => c.json({ status: "ok" }));
  app.use(guard(options));
  app.use(shareBodies(options));
  addMethodRoutes(app, service);
  addGroupRoutes(app, service);
  addTopicRoutes(app, service);
  addRecordRoutes(app, service, runtime);
  app.get(OPENAPI_ADDRESS, (c) => c.body(openApiText, 200, { "content-type": JSON_TYPE }));
  const { metrics } = options;
  if (metrics !== undefined) {
    app.get(METRICS_ADDRESS, async (c) => {
      const { contentType, text } = await metrics();
      return c.body(text, 200, { "content-type": contentType });
    });
  }
  refuseOtherMethods(app, metrics !== undefined);
  app.notFound((c) => {
    const message = `there is nothing at ${c.req.path}; ${OPENAPI_ADDRESS} lists what there is`;
    return errorAnswer(new LogError("NotFound", message, { details: { path: c.req.path } }));
  });
  return { fetch: async (request, bindings) => app.fetch(request, bindings ?? {}) };
}

/** Gives the request its id and its start, and leaves a line in the log: never a body, a query or a token. */
function observe({ clock, random, logger, meter }: Runtime): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const startedMs = clock.monotonicMs();
    const requestId = requestIdOf(c.req.header(REQUEST_ID_HEADER), random);
    c.set("startedMs", startedMs);
    c.set("requestId", requestId);
    await next();
    c.res.headers.set(REQUEST_ID_HEADER, requestId);
    const { status } = c.res;
    const durationMs = clock.monotonicMs() - startedMs;
    meter.count(`http.answers.${Math.floor(status / 100)}xx`);
    meter.observe("http.requestMs", durationMs);
    const fields = { requestId, method: c.req.method, path: c.req.path, status, durationMs };
    const clientId = c.req.header(CLIENT_ID_HEADER);
    logger[levelOf(status)]("request", clientId === undefined ? fields : { ...fields, clientId });
  };
}

/** What went well is of interest when somebody looks for it; at its default level a busy server stays quiet. */
function levelOf(status: number): LogLevel {
  if (status < 400) return "debug";
  return status < 500 ? "info" : "warn";
}

function guard(options: HttpAppOptions): MiddlewareHandler<HttpEnv> {
  const checkHost = hostGuard(options.allowHosts ?? []);
  const principalOf = tokenGuard(options.token);
  return async (c, next) => {
    checkHost(c.req.raw);
    c.set("principal", c.env.principal ?? principalOf(c.req.raw));
    await next();
  };
}

function shareBodies(options: HttpAppOptions): MiddlewareHandler<HttpEnv> {
  const bodies = new ByteBudget(options.bodiesBytesMax ?? httpBodiesBytesMax);
  const bodyBytesMax = options.bodyBytesMax ?? httpBodyBytesMax;
  return async (c, next) => {
    const share = bodies.open();
    c.set("share", share);
    c.set("bodyBytesMax", bodyBytesMax);
    try {
      await next();
    } finally {
      share.release();
    }
  };
}

/** Comes after all routes: whoever gets here has an address that exists, and a method that it does not take. */
function refuseOtherMethods(app: Hono<HttpEnv>, hasMetrics: boolean): void {
  const methods = new Map<string, string[]>();
  for (const { address, method } of OPERATIONS) {
    if (address === METRICS_ADDRESS && !hasMetrics) continue;
    methods.set(address, [...(methods.get(address) ?? []), method.toUpperCase()]);
  }
  for (const [address, taken] of methods) {
    const allow = taken.includes("GET") ? [...taken, "HEAD"] : taken;
    app.all(routePath(address), (c) => {
      const message = `${c.req.path} does not take ${c.req.method}, only ${allow.join(", ")}`;
      const answer = errorAnswer(new LogError("MethodNotAllowed", message, { details: { allow } }));
      answer.headers.set("allow", allow.join(", "));
      return answer;
    });
  }
}
