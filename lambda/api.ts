import { createApiHandler } from "./api-handler.ts";
import { apiService } from "./api-service.ts";
import { functionEnvironment } from "./environment.ts";
import { RollRequests } from "./roll-requests.ts";
import { rollerFunction } from "./roller-function.ts";
import { functionRuntime, warmBroker } from "./warm-broker.ts";

const environment = functionEnvironment();
const runtime = functionRuntime(environment);
const { roller: functionName, fetchWaitMsMax } = environment;
const roller =
  functionName === undefined
    ? undefined
    : rollerFunction({ clock: runtime.clock, functionName, environment: process.env });
const rolls = new RollRequests(runtime, roller);
const broker = warmBroker(environment, runtime);
let served: Promise<ReturnType<typeof apiService>> | undefined;

/** Answers the HTTP API. */
export const handler = createApiHandler({
  runtime,
  open: () => {
    served ??= broker().then(({ service }) => apiService(service, fetchWaitMsMax, rolls));
    served.catch(() => {
      served = undefined;
    });
    return served;
  },
});
