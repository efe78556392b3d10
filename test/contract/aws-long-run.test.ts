import { expect, test } from "vitest";
import { DynamoItemStore } from "../../lib/adapters/aws/dynamo-item-store.ts";
import { S3ObjectStore } from "../../lib/adapters/aws/s3-object-store.ts";
import { systemRandom } from "../../lib/base/random.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { createBucket, createTable, dynamoClient, s3Client } from "../support/aws-stores.ts";
import { judgeLongRun } from "../support/long-run/judge-long-run.ts";
import { LongRun } from "../support/long-run/long-run.ts";
import { billedAtSmallScale } from "../support/long-run/small-scale.ts";
import { byLength } from "../support/test-length.ts";

const MINUTE_MS = 60_000;
const ROUNDS = byLength({ quick: 4, short: 12, full: 200 });
const SEED = byLength({ quick: 3, short: 4, full: Date.now() % 1_000_000 });

test("a log on S3 and DynamoDB lives for days: nothing is lost or left behind, and each byte is rewritten three times at most", {
  timeout: byLength({ quick: 4, short: 10, full: 60 }) * MINUTE_MS,
}, async () => {
  const [bucket, table] = await Promise.all([createBucket(), createTable()]);
  const clock = systemClock();
  const open = async () => {
    const [s3, dynamodb] = [s3Client(), dynamoClient()];
    return {
      objects: new S3ObjectStore({ client: s3, bucket, clock }),
      items: new DynamoItemStore({ client: dynamodb, table, clock, random: systemRandom }),
      close: async () => {
        s3.destroy();
        dynamodb.destroy();
      },
    };
  };
  await using run = await LongRun.start({ open, log: billedAtSmallScale, seed: SEED, produces: 2 });
  for (let round = 0; round < ROUNDS; round++) await run.round();
  expect(run.runtime.counted.get("log.merge.bytes.put") ?? 0).toBeGreaterThan(0);
  await judgeLongRun(run, "days on S3 and DynamoDB", { rewrittenPerByte: 3, requestsPerProduce: 30 });
});
