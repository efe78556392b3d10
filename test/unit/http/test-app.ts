import { synchronousCodecs } from "../../../lib/base/codecs.ts";
import { silentLogger } from "../../../lib/base/logger.ts";
import { silentMeter } from "../../../lib/base/meter.ts";
import { systemRandom } from "../../../lib/base/random.ts";
import type { Runtime } from "../../../lib/base/runtime.ts";
import { systemClock } from "../../../lib/base/system-clock.ts";
import { createHttpApp } from "../../../lib/http/app.ts";
import type { HttpApp, HttpAppOptions } from "../../../lib/http/http-options.ts";
import { SmallLog } from "../../support/small-log.ts";

export const BASE = "http://127.0.0.1:8080";

export const testRuntime: Runtime = {
  clock: systemClock(),
  random: systemRandom,
  codecs: synchronousCodecs(),
  logger: silentLogger,
  meter: silentMeter,
};

export interface TestApp {
  readonly app: HttpApp;
  readonly log: SmallLog;
  /** Sends a request; an object becomes a JSON body. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

export function testApp(options: Partial<HttpAppOptions> & { log?: SmallLog } = {}): TestApp {
  const { log = new SmallLog(), ...rest } = options;
  const app = createHttpApp({ service: log, runtime: testRuntime, ...rest });
  return {
    app,
    log,
    send(method, path, body, headers = {}) {
      const init: RequestInit = { method, headers };
      if (body instanceof Uint8Array || typeof body === "string") init.body = body as Uint8Array<ArrayBuffer>;
      else if (body !== undefined) {
        init.body = JSON.stringify(body);
        init.headers = { "content-type": "application/json", ...headers };
      }
      return app.fetch(new Request(BASE + path, init));
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a JSON body of any shape, which each test looks into
export type Json = any;

export async function jsonOf(response: Response | Promise<Response>): Promise<Json> {
  return (await response).json();
}
