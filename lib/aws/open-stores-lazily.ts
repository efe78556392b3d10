import type { StoreCounter } from "../adapters/wrappers/store-counts.ts";
import { LogError } from "../base/errors.ts";
import type { Runtime } from "../base/runtime.ts";
import type { AwsStorage, AwsStores } from "./aws-stores.ts";

/**
 * As `openAwsStores`, which is loaded only now: the AWS SDK is installed apart, and its absence is told in words
 * (`InvalidConfig`). Refuses an empty name with `InvalidArgument`.
 */
export async function openStoresLazily(
  where: AwsStorage,
  runtime: Runtime,
  counter?: StoreCounter,
): Promise<AwsStores> {
  checkNames(where);
  const { openAwsStores } = await loadStores();
  return openAwsStores(where, runtime, counter);
}

function checkNames({ bucket, table }: AwsStorage): void {
  for (const [field, name] of Object.entries({ bucket, table })) {
    if (typeof name === "string" && name !== "") continue;
    throw new LogError("InvalidArgument", `${field}: expected the name of the log's ${field}`, { details: { field } });
  }
}

async function loadStores(): Promise<typeof import("./aws-stores.ts")> {
  try {
    return await import("./aws-stores.ts");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
    if (!isMissing) throw cause;
    const message =
      "a log on AWS needs the AWS SDK: npm install @aws-sdk/client-s3 @aws-sdk/client-dynamodb @aws-sdk/s3-request-presigner";
    throw new LogError("InvalidConfig", message, { cause });
  }
}
