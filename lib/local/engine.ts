/** The door `tidelog/engine`: a log inside this process, in a directory or in memory. */
import { type SharedOptions, Tidelog } from "../client/tidelog.ts";
import { type LocalBrokerOptions, openLocalBroker } from "./local-broker.ts";
import { type LocalStorage, openLocalStores } from "./local-stores.ts";
import { systemRuntime } from "./system-runtime.ts";

export type { LocalBrokerOptions } from "./local-broker.ts";
export type { LocalStorage } from "./local-stores.ts";

export type EngineOptions = LocalStorage & LocalBrokerOptions & SharedOptions;

/**
 * Opens the log in a directory, for this process alone, or a new one in memory, for tests; there is no server and
 * no network in between. What it answers with works as the client of a server does, with the same errors.
 *
 * Close it: what it holds (a thread, a lock) keeps the process alive. Fails with `StoreLocked` when another process
 * has the directory, with `StoreFormat` when it is newer or not ours, with `StoreForbidden` when it may not be used.
 *
 * @example
 * await using log = await openLog({ dataDir: "./orders-log" });
 * await log.publish("orders", { key: "customer-7", value: "one coffee" });
 *
 * @example
 * const log = await openLog({ memory: true });
 */
export async function openLog(options: EngineOptions): Promise<Tidelog> {
  const runtime = { ...(await systemRuntime()), ...options.runtime };
  await using opening = new AsyncDisposableStack();
  const stores = await openLocalStores(options, runtime);
  opening.defer(() => stores.close());
  const broker = await openLocalBroker(stores, runtime, options);
  opening.defer(() => broker.close());
  const opened = opening.move();
  return new Tidelog({ ...options, runtime, service: broker.service, onClose: () => opened.disposeAsync() });
}
