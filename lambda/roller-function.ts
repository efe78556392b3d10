import { AwsClient } from "aws4fetch";
import { remainingMs } from "../lib/base/call.ts";
import type { Clock } from "../lib/base/clock.ts";
import { LogError } from "../lib/base/errors.ts";
import type { RollerFunction } from "./roll-requests.ts";

/** Lambda's own credentials, region and, in tests, address. */
export interface InvokeOptions {
  readonly clock: Clock;
  readonly functionName: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** The function of that name, invoked asynchronously: Lambda answers as soon as it has queued the event. */
export function rollerFunction({ clock, functionName, environment }: InvokeOptions): RollerFunction {
  const region = environment.AWS_REGION ?? "us-east-1";
  const endpoint = environment.AWS_ENDPOINT_URL_LAMBDA ?? `https://lambda.${region}.amazonaws.com`;
  const url = `${endpoint}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
  const client = new AwsClient({
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? "",
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? "",
    ...(environment.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: environment.AWS_SESSION_TOKEN }),
    region,
    service: "lambda",
    retries: 0,
  });
  const invoke: RollerFunction["invoke"] = async (partitions, call) => {
    const stop = new AbortController();
    const timer = clock.startTimer(remainingMs(clock, call), () => stop.abort());
    try {
      const answer = await client.fetch(url, {
        method: "POST",
        headers: { "x-amz-invocation-type": "Event" },
        body: JSON.stringify({ partitions }),
        signal: stop.signal,
      });
      await answer.arrayBuffer();
      if (answer.ok) return;
      const details = { functionName, status: answer.status };
      throw new LogError("StoreUnavailable", `${functionName} could not be invoked: ${answer.status}`, { details });
    } finally {
      timer.cancel();
    }
  };
  return { invoke };
}
