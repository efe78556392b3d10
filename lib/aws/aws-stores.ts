import { onAnswerDates } from "../adapters/aws/answer-dates.ts";
import type { AwsClientOptions, AwsCredentials } from "../adapters/aws/aws-access.ts";
import { checkRegion, createDynamoClient, createS3Client } from "../adapters/aws/aws-clients.ts";
import { checkTable } from "../adapters/aws/check-table.ts";
import { DynamoItemStore } from "../adapters/aws/dynamo-item-store.ts";
import { S3ObjectStore } from "../adapters/aws/s3-object-store.ts";
import { DeadlineItemStore } from "../adapters/wrappers/deadline-item-store.ts";
import { DeadlineObjectStore } from "../adapters/wrappers/deadline-object-store.ts";
import { MeteredItemStore } from "../adapters/wrappers/metered-item-store.ts";
import { MeteredObjectStore } from "../adapters/wrappers/metered-object-store.ts";
import { RetryingItemStore } from "../adapters/wrappers/retrying-item-store.ts";
import { RetryingObjectStore } from "../adapters/wrappers/retrying-object-store.ts";
import type { StoreCounter } from "../adapters/wrappers/store-counts.ts";
import { callWithin } from "../base/call.ts";
import type { Clock } from "../base/clock.ts";
import { serviceCallMsDefault } from "../base/limits.ts";
import type { Runtime } from "../base/runtime.ts";
import type { ItemStore } from "../storage/item-store.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { boundedClock } from "./bounded-clock.ts";

/** Where a log on AWS keeps its data, and how that is reached. */
export interface AwsStorage {
  /** The bucket's name. */
  readonly bucket: string;
  /** The table's name. */
  readonly table: string;
  /** The AWS SDK's own search (AWS_REGION, the profile) unless given. */
  readonly region?: string | undefined;
  /** A profile of AWS's configuration files, for credentials and region; AWS_PROFILE unless given. */
  readonly profile?: string | undefined;
  /** The AWS SDK's own search (environment, profile, container, instance) unless given. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined;
  /** Addresses that stand in for AWS's own, such as an emulator's. */
  readonly endpoints?: { readonly s3?: string | undefined; readonly dynamodb?: string | undefined } | undefined;
}

export interface AwsStores {
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly location: string;
  /** For the broker, instead of its runtime's: one that is not far ahead of the stores'. */
  readonly clock?: Clock;
  /** Gives up the connections. */
  close(): void;
}

/**
 * Both stores with deadlines and retries around them, counted where asked. Fails with `StoreMissing`,
 * `StoreForbidden` or `StoreFormat` for a table that is not there, may not be looked at, or would not be safe.
 */
export async function openAwsStores(where: AwsStorage, runtime: Runtime, counter?: StoreCounter): Promise<AwsStores> {
  const { random } = runtime;
  const { clock, heard } = boundedClock(runtime.clock, runtime.logger);
  const { bucket, table } = where;
  const s3 = createS3Client(clientOptions(where, where.endpoints?.s3));
  const dynamodb = createDynamoClient(clientOptions(where, where.endpoints?.dynamodb));
  for (const client of [s3, dynamodb]) onAnswerDates(client, heard);
  const close = (): void => {
    s3.destroy();
    dynamodb.destroy();
  };
  try {
    await checkRegion(dynamodb);
    await checkTable(dynamodb, table, clock, callWithin(clock, serviceCallMsDefault));
  } catch (error) {
    close();
    throw error;
  }
  const bareObjects = new S3ObjectStore({ client: s3, bucket, clock });
  const bareItems = new DynamoItemStore({ client: dynamodb, table, clock, random });
  const objects = counter === undefined ? bareObjects : new MeteredObjectStore(bareObjects, counter);
  const items = counter === undefined ? bareItems : new MeteredItemStore(bareItems, counter);
  return {
    objects: new RetryingObjectStore(new DeadlineObjectStore(objects, clock), runtime),
    items: new RetryingItemStore(new DeadlineItemStore(items, clock), runtime),
    clock,
    location: `s3://${bucket} and table ${table}`,
    close,
  };
}

function clientOptions({ region, profile, credentials }: AwsStorage, endpoint: string | undefined): AwsClientOptions {
  return {
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}
