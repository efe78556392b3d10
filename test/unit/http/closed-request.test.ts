import { expect, test } from "vitest";
import type { RequestContext, ServerDescription } from "../../../lib/api/log-service.ts";
import { settleWithin } from "../../../lib/base/call.ts";
import type { Logger } from "../../../lib/base/logger.ts";
import { createHttpApp } from "../../../lib/http/app.ts";
import { SmallLog } from "../../support/small-log.ts";
import { BASE, testRuntime } from "./test-app.ts";

/** A log that never answers, and gives up when its caller does. */
class SilentLog extends SmallLog {
  override describeServer(context: RequestContext): Promise<ServerDescription> {
    return settleWithin(testRuntime.clock, context, "describeServer", new Promise<never>(() => undefined));
  }
}

function appWithLines(): { app: ReturnType<typeof createHttpApp>; lines: [string, unknown][] } {
  const lines: [string, unknown][] = [];
  const line = (level: string) => (_message: string, fields?: Readonly<Record<string, unknown>>) =>
    void lines.push([level, fields?.status]);
  const logger: Logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  return { app: createHttpApp({ service: new SilentLog(), runtime: { ...testRuntime, logger } }), lines };
}

test("a request that its caller has closed is logged as that, not as a timeout of the server's", async () => {
  const { app, lines } = appWithLines();
  const left = new AbortController();
  const answer = app.fetch(new Request(`${BASE}/v1/server`, { signal: left.signal }));
  left.abort();
  expect((await answer).status).toBe(499);
  expect(lines).toEqual([["info", 499]]);
});

test("a request whose time is over stays a timeout", async () => {
  const { app, lines } = appWithLines();
  const answer = await app.fetch(new Request(`${BASE}/v1/server`, { headers: { "tidelog-timeout-ms": "1" } }));
  expect(answer.status).toBe(504);
  expect(lines).toEqual([["warn", 504]]);
});
