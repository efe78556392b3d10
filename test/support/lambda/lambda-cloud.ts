import { type EventQueue, startEventQueue } from "./event-queue.ts";
import { FunctionEnvironments, type InvocationCounts } from "./function-environments.ts";
import { startHttpApi } from "./http-api.ts";
import type { SynthesizedFunction, SynthesizedLog } from "./synthesized-log.ts";

/** The stores that stand in for the stack's own, and how they are reached. */
export interface CloudStores {
  readonly s3: string;
  readonly dynamodb: string;
  readonly bucket: string;
  readonly table: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface LambdaCloudOptions {
  readonly log: SynthesizedLog;
  readonly stores: CloudStores;
  /** The API's environments at a time; each of the other functions has two. */
  readonly environmentsMax: number;
  /** How often each schedule's event comes: a test does not last as long as their rates. */
  readonly scheduleEveryMs: number;
  /** Partitions that a roller is asked for as often, beside those that the API asks for: few gather enough here. */
  readonly rolled?: readonly { readonly topic: string; readonly partition: number }[];
  /** When the API's caller is given up, and its function ended a second before; API Gateway's 30 s unless given. */
  readonly apiTimeoutMs?: number;
  /** In place of what the template says. */
  readonly variables?: NodeJS.ProcessEnv;
}

export interface LambdaCloud {
  /** What the SDK takes as endpoint. */
  readonly url: string;
  readonly api: FunctionEnvironments;
  /** All functions, by their logical ids. */
  readonly functions: ReadonlyMap<string, FunctionEnvironments>;
  readonly events: EventQueue;
  /** Of all functions together. */
  counts(): InvocationCounts;
  close(): Promise<void>;
}

const BACKGROUND_ENVIRONMENTS_MAX = 2;
const RETRY_MS = 1000;
const API_TIMEOUT_MS = 30_000;
/** The stack gives its function so much less time than API Gateway waits. */
const TELL_MS = 1000;

/** A synthesized stack at work on this machine: its own bundles, variables, API and schedules. */
export async function startLambdaCloud(options: LambdaCloudOptions): Promise<LambdaCloud> {
  const { log, environmentsMax, scheduleEveryMs, apiTimeoutMs = API_TIMEOUT_MS } = options;
  const functions = new Map<string, FunctionEnvironments>();
  const events = await startEventQueue({ functions, retryMs: RETRY_MS });
  for (const each of log.functions) {
    const isApi = each.id === log.api;
    functions.set(
      each.id,
      new FunctionEnvironments({
        bundle: each.bundle,
        variables: variablesOf(each, options, events.url),
        timeoutMs: isApi ? Math.min(each.timeoutMs, apiTimeoutMs - TELL_MS) : each.timeoutMs,
        environmentsMax: isApi ? environmentsMax : BACKGROUND_ENVIRONMENTS_MAX,
      }),
    );
  }
  const api = functions.get(log.api);
  if (api === undefined) throw new Error(`the template's API has no function ${log.api}`);
  const gateway = await startHttpApi({ invoke: (event) => api.invoke(event), timeoutMs: apiTimeoutMs });
  const ticking = setInterval(() => {
    for (const { functionId, event } of log.schedules) events.add(functionId, event);
    if (options.rolled !== undefined) events.add(log.roller, { partitions: options.rolled });
  }, scheduleEveryMs);
  return {
    url: gateway.url,
    api,
    functions,
    events,
    counts: () => sumOf([...functions.values()].map(({ counts }) => counts)),
    close: async () => {
      clearInterval(ticking);
      await gateway.close();
      await events.close();
    },
  };
}

/** What Lambda and the template put into the function's environment, with the tests' stores in place of its own. */
function variablesOf(
  { variables }: SynthesizedFunction,
  { stores, variables: others }: LambdaCloudOptions,
  lambdaUrl: string,
): NodeJS.ProcessEnv {
  const named: Readonly<Record<string, string>> = {
    "AWS::S3::Bucket": stores.bucket,
    "AWS::DynamoDB::Table": stores.table,
  };
  const ofTemplate = Object.entries(variables).map(([name, value]) => [
    name,
    typeof value === "string" ? value : (named[value.type] ?? value.id),
  ]);
  return {
    ...(Object.fromEntries(ofTemplate) as Record<string, string>),
    AWS_REGION: stores.region,
    AWS_ACCESS_KEY_ID: stores.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: stores.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: stores.s3,
    AWS_ENDPOINT_URL_DYNAMODB: stores.dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: lambdaUrl,
    ...others,
  };
}

function sumOf(all: readonly InvocationCounts[]): InvocationCounts {
  const sum = { invocations: 0, throttled: 0, failed: 0, killedIdle: 0, killedBusy: 0, frozen: 0 };
  for (const counts of all) {
    for (const name of Object.keys(sum) as (keyof InvocationCounts)[]) sum[name] += counts[name];
  }
  return sum;
}
