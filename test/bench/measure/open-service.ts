import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { ANONYMOUS } from "../../../lib/api/log-service.ts";
import { systemClock } from "../../../lib/base/system-clock.ts";
import { HttpLogService } from "../../../lib/client/http-log-service.ts";
import { openLocalBroker } from "../../../lib/local/local-broker.ts";
import { openLocalStores } from "../../../lib/local/local-stores.ts";
import { systemRuntime } from "../../../lib/local/system-runtime.ts";

export interface OpenedService extends AsyncDisposable {
  readonly service: LogService;
}

const clock = systemClock();
const CALL_MS = 20_000;

export function callContext(): RequestContext {
  return { principal: ANONYMOUS, clientId: "bench", deadlineMs: clock.monotonicMs() + CALL_MS };
}

/** The log as batches in and batches out: a server's binary HTTP API, or the engine in this process. */
export async function openService(at: { readonly url: string } | { readonly dataDir: string }): Promise<OpenedService> {
  if ("url" in at) {
    const service = new HttpLogService({ endpoint: at.url, clock });
    return { service, [Symbol.asyncDispose]: async () => service.close() };
  }
  const runtime = await systemRuntime();
  const stores = await openLocalStores(at, runtime);
  const broker = await openLocalBroker(stores, runtime, {});
  const close = async (): Promise<void> => {
    await broker.close();
    await stores.close();
  };
  return { service: broker.service, [Symbol.asyncDispose]: close };
}
