import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { LogError } from "../../base/errors.ts";
import type { AwsClientOptions } from "./aws-access.ts";

/** Requests of one client under way at once; the rest wait for a free connection. */
const CONNECTIONS_MAX = 128;

const quiet = (): void => {};

/**
 * Each request is sent once (`maxAttempts: 1`): the SDK would repeat one whose answer was lost, which appends
 * twice. The retry wrapper knows what may be repeated.
 */
const shared = {
  maxAttempts: 1,
  // Without a logger of ours the SDK writes to the console. What fails is told by the errors.
  logger: { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  requestHandler: { httpAgent: { maxSockets: CONNECTIONS_MAX }, httpsAgent: { maxSockets: CONNECTIONS_MAX } },
} as const;

export function createDynamoClient(options: AwsClientOptions = {}): DynamoDBClient {
  return new DynamoDBClient({ ...shared, ...options });
}

export function createS3Client(options: AwsClientOptions = {}): S3Client {
  return new S3Client({
    ...shared,
    ...options,
    // Other endpoints rarely have a host name per bucket.
    forcePathStyle: options.endpoint !== undefined,
    // Saves a round trip per put; what is refused is small or rare.
    expectContinueHeader: false,
    requestChecksumCalculation: "WHEN_SUPPORTED",
    responseChecksumValidation: "WHEN_SUPPORTED",
  });
}

/** Fails at once, with what to do, when no region can be found. */
export async function checkRegion(client: S3Client | DynamoDBClient): Promise<void> {
  const region: () => Promise<string> = client.config.region;
  try {
    await region();
  } catch (cause) {
    throw new LogError("StoreMissing", "no AWS region is configured: set AWS_REGION to that of the bucket and table", {
      cause,
    });
  }
}
