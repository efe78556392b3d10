/** The door `tidelog/aws`: a log on S3 and DynamoDB whose broker is this process. */
import type { StoreCounter } from "../adapters/wrappers/store-counts.ts";
import { systemRuntime } from "../base/system-runtime.ts";
import { type SharedOptions, Tidelog } from "../client/tidelog.ts";
import { type AwsBrokerOptions, openAwsBroker } from "./aws-broker.ts";
import type { AwsStorage } from "./aws-stores.ts";
import { openStoresLazily } from "./open-stores-lazily.ts";

export type { AwsCredentials } from "../adapters/aws/aws-access.ts";
export { type Cost, costOf, listPrices, type StorePrices } from "../adapters/wrappers/prices.ts";
export { StoreCounter, type StoreCounts } from "../adapters/wrappers/store-counts.ts";
export type { AwsBrokerOptions } from "./aws-broker.ts";
export type { AwsStorage } from "./aws-stores.ts";

export interface AwsLogOptions extends AwsStorage, AwsBrokerOptions, SharedOptions {
  /** Counts what is asked of S3 and DynamoDB; `costOf` prices it. */
  readonly counter?: StoreCounter | undefined;
}

/**
 * Opens the log in a bucket and a table with this process's own AWS credentials. There is no server in between, and
 * any number of processes, functions and servers may work on one log at a time. A new bucket and table, with the
 * string keys `pk` and `sk`, become a new log.
 *
 * Wants `@aws-sdk/client-s3`, `@aws-sdk/client-dynamodb` and `@aws-sdk/s3-request-presigner`, which are installed
 * apart. Fails with `StoreMissing` when there is no such bucket or table, with `StoreForbidden` and the action's
 * name when this process may not use it, with `StoreFormat` when the two belong to different logs.
 *
 * @example
 * await using log = await openLog({ bucket: "orders-log", table: "orders-log" });
 * await log.publish("orders", { key: "customer-7", value: "one coffee" });
 */
export async function openLog(options: AwsLogOptions): Promise<Tidelog> {
  const runtime = { ...(await systemRuntime()), ...options.runtime };
  await using opening = new AsyncDisposableStack();
  const stores = await openStoresLazily(options, runtime, options.counter);
  opening.defer(() => stores.close());
  const broker = await openAwsBroker(stores, runtime, options);
  opening.defer(() => broker.close());
  const opened = opening.move();
  return new Tidelog({ ...options, runtime, service: broker.service, onClose: () => opened.disposeAsync() });
}
