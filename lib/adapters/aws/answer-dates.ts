import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";

/** Tells the time that each answer of the service bears (the header `Date`), ms: refusals and failures too. */
export function onAnswerDates(client: S3Client | DynamoDBClient, heard: (dateMs: number) => void): void {
  const stack: Pick<DynamoDBClient["middlewareStack"], "add"> = client.middlewareStack as never;
  stack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const dateMs = dateOf(answer.response);
      if (dateMs !== undefined) heard(dateMs);
      return answer;
    },
    // Behind the deserializer, which throws what is refused.
    { step: "deserialize", priority: "low", name: "tidelogAnswerDates" },
  );
}

function dateOf(response: unknown): number | undefined {
  if (typeof response !== "object" || response === null || !("headers" in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== "object" || headers === null || !("date" in headers)) return undefined;
  const dateMs = Date.parse(String(headers.date));
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
