import { describe } from "vitest";
import { DynamoItemStore } from "../../lib/adapters/aws/dynamo-item-store.ts";
import { S3ObjectStore } from "../../lib/adapters/aws/s3-object-store.ts";
import { systemRandom } from "../../lib/base/random.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { createBucket, createTable, dynamoClient, s3Client } from "../support/aws-stores.ts";
import { groupSuite } from "./group-suite.ts";

describe("a group on DynamoDB", () => {
  groupSuite(async () => {
    const clock = systemClock();
    const objects = new S3ObjectStore({ client: s3Client(), bucket: await createBucket(), clock });
    const items = new DynamoItemStore({
      client: dynamoClient(),
      table: await createTable(),
      clock,
      random: systemRandom,
    });
    return { objects, items };
  });
});
