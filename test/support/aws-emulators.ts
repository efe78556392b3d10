import { startDynoxide } from "./emulators/dynoxide.ts";
import { dockerPresent, startLocalStack } from "./emulators/localstack.ts";
import { startS3Server } from "./s3-server/s3-server.ts";

export interface AwsEmulators {
  readonly s3: string;
  readonly dynamodb: string;
  /** What was chosen, for people and for tests of what an implementation lacks. */
  readonly chosen: string;
  close(): Promise<void>;
}

/**
 * S3 and DynamoDB for the tests: what the environment names; else LocalStack, where there is Docker; else a
 * server of these tests' own for S3, and dynoxide. Says which on stderr. Fails when there is none: these tests
 * are never left out in silence.
 */
export async function startAwsEmulators(environment: NodeJS.ProcessEnv = process.env): Promise<AwsEmulators> {
  const emulators = await choose(environment);
  process.stderr.write(`S3 and DynamoDB of the tests: ${emulators.chosen}\n`);
  return emulators;
}

async function choose(environment: NodeJS.ProcessEnv): Promise<AwsEmulators> {
  const { AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_DYNAMODB: dynamodb } = environment;
  if (s3 !== undefined && dynamodb !== undefined) {
    return { s3, dynamodb, chosen: `as the environment names them, ${s3} and ${dynamodb}`, close: async () => {} };
  }
  if (s3 !== undefined || dynamodb !== undefined) {
    throw new Error("AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_DYNAMODB belong together: set both, or none");
  }
  if (dockerPresent()) {
    const { url, close } = await startLocalStack();
    return { s3: url, dynamodb: url, chosen: `LocalStack in Docker, ${url}`, close };
  }
  const items = await startDynoxide();
  const objects = await startS3Server();
  return {
    s3: objects.url,
    dynamodb: items.url,
    chosen: "a server in test/support and dynoxide, since there is no Docker",
    close: async () => {
      await Promise.all([items.close(), objects.close()]);
    },
  };
}
