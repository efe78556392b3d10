import { type ConsumedCapacity, CreateTableCommand, DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { inject } from "vitest";
import { createDynamoClient, createS3Client } from "../../lib/adapters/aws/aws-clients.ts";
import { DynamoItemStore } from "../../lib/adapters/aws/dynamo-item-store.ts";
import { S3ObjectStore } from "../../lib/adapters/aws/s3-object-store.ts";
import { randomName, systemRandom } from "../../lib/base/random.ts";
import { systemClock } from "../../lib/base/system-clock.ts";

/** Any will do for an emulator. */
export const testAccess = {
  region: "us-east-1",
  credentials: { accessKeyId: "test-access", secretAccessKey: "test-secret" },
} as const;

const clock = systemClock();
const random = systemRandom;
const newName = (): string => `t${randomName(random, 16)}`;

/** A client of the tests' S3, or of what stands in front of it. */
export const s3Client = (endpoint = inject("awsEndpoints").s3) => createS3Client({ ...testAccess, endpoint });
export const dynamoClient = (endpoint = inject("awsEndpoints").dynamodb) =>
  createDynamoClient({ ...testAccess, endpoint });

export async function createBucket(): Promise<string> {
  const bucket = newName();
  const client = s3Client();
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return bucket;
}

export async function createTable(): Promise<string> {
  const table = newName();
  const client = dynamoClient();
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    }),
  );
  client.destroy();
  return table;
}

/** A store over a new bucket. */
export async function openS3Store(options: { uploadInPartsAboveBytes?: number } = {}) {
  const client = s3Client();
  const bucket = await createBucket();
  const open = () => new S3ObjectStore({ client, bucket, clock, ...options });
  return { store: open(), bucket, reopen: async () => open(), close: async () => client.destroy() };
}

/** A store over a new table. */
export async function openDynamoStore(onConsumed?: (consumed: ConsumedCapacity) => void) {
  const client = dynamoClient();
  const table = await createTable();
  const reporting = onConsumed === undefined ? {} : { onConsumed };
  const open = () => new DynamoItemStore({ client, table, clock, random, ...reporting });
  const close = async () => {
    await client.send(new DeleteTableCommand({ TableName: table }));
    client.destroy();
  };
  return { store: open(), table, reopen: async () => open(), close };
}
