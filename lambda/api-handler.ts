import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { TIMEOUT_HEADER } from "../lib/api/http/media-types.ts";
import type { LogService } from "../lib/api/log-service.ts";
import { callWithin, settleWithin } from "../lib/base/call.ts";
import { LogError } from "../lib/base/errors.ts";
import { serviceCallMsDefault } from "../lib/base/limits.ts";
import type { Runtime } from "../lib/base/runtime.ts";
import { createHttpApp } from "../lib/http/app.ts";
import { errorAnswer, logErrorOf } from "../lib/http/error-answer.ts";
import type { HttpApp } from "../lib/http/http-options.ts";
import { fitsResult, principalOf, requestOf, resultCharactersMax, resultOf } from "./http-event.ts";

export type ApiHandler = (
  event: APIGatewayProxyEventV2,
  context: Pick<Context, "getRemainingTimeInMillis" | "awsRequestId">,
) => Promise<APIGatewayProxyStructuredResultV2>;

export interface ApiHandlerParts {
  readonly runtime: Runtime;
  /** Opened by the first request, and again after a failure. */
  readonly open: () => Promise<LogService>;
}

/** Kept of an invocation's time for telling that it did not suffice: past it, the caller would hear nothing. */
const TELL_MS = 500;
/** What the service is given ends before that, so that its own, better answer comes first. */
const ANSWER_MS = 250;

/** Answers an HTTP API's events. Never rejects: what fails is told in the answer, with its code and effect. */
export function createApiHandler({ runtime, open }: ApiHandlerParts): ApiHandler {
  let served: { readonly service: LogService; readonly app: HttpApp } | undefined;
  const appOf = (service: LogService): HttpApp => {
    // API Gateway checks names and origins; its own name is nothing that a page could rebind.
    if (served?.service !== service) {
      served = { service, app: createHttpApp({ service, runtime, allowHosts: "any" }) };
    }
    return served.app;
  };
  const answer = async (event: APIGatewayProxyEventV2, leftMs: () => number): Promise<Response> => {
    const app = appOf(await open());
    return app.fetch(withinTime(requestOf(event), leftMs() - ANSWER_MS), { principal: principalOf(event) });
  };
  return async (event, context) => {
    const leftMs = (): number => Math.max(0, context.getRemainingTimeInMillis() - TELL_MS);
    const call = callWithin(runtime.clock, leftMs());
    try {
      const result = await resultOf(await settleWithin(runtime.clock, call, "request", answer(event, leftMs)));
      return fitsResult(result) ? result : await resultOf(errorAnswer(tooLarge()));
    } catch (thrown) {
      return resultOf(errorAnswer(logErrorOf(thrown, runtime.logger, context.awsRequestId)));
    }
  };
}

/** The request with no more time than the invocation has. A malformed header is left for the app to refuse. */
function withinTime(request: Request, leftMs: number): Request {
  const asked = request.headers.get(TIMEOUT_HEADER);
  const ms = Math.min(asked === null ? serviceCallMsDefault : Number(asked), Math.max(0, leftMs));
  if (Number.isInteger(ms) || !Number.isNaN(ms)) request.headers.set(TIMEOUT_HEADER, String(Math.floor(ms)));
  return request;
}

function tooLarge(): LogError {
  const message =
    "the answer is above the 6 MB that Lambda carries: ask for fewer records, or read by openLog of tidelog/aws";
  return new LogError("RecordTooLarge", message, { details: { charactersMax: resultCharactersMax } });
}
