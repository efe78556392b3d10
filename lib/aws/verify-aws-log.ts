import { callWithin } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { storeCallMsMax } from "../base/limits.ts";
import type { Runtime } from "../base/runtime.ts";
import { systemRuntime } from "../base/system-runtime.ts";
import { readIdentity } from "../log/identity-object.ts";
import { type PlacedOptions, type PlacedReport, verifyFromPlace } from "../log/verify/verify-from-place.ts";
import { storeKey } from "../storage/item-keys.ts";
import type { AwsStorage, AwsStores } from "./aws-stores.ts";
import { openStoresLazily } from "./open-stores-lazily.ts";

/**
 * Verifies the log in a bucket and a table, beside brokers that work with it. Fails as opening it does, with
 * `StoreMissing` when the two hold no log, with `InvalidArgument` for a place that no verification has told.
 */
export async function verifyAwsLog(where: AwsStorage, options: PlacedOptions): Promise<PlacedReport> {
  const runtime = await systemRuntime();
  return verifyFromPlace(() => openWhatIsThere(where, runtime), runtime.clock, options);
}

/** Two empty stores, such as wrong names lead to, would be found without damage. */
async function openWhatIsThere(where: AwsStorage, runtime: Runtime): Promise<AwsStores> {
  const stores = await openStoresLazily(where, runtime);
  const call = callWithin(runtime.clock, storeCallMsMax);
  try {
    const identity = (await stores.items.get(storeKey, call)) ?? (await readIdentity(stores.objects, call));
    if (identity !== undefined) return stores;
    throw new LogError("StoreMissing", `there is no log in ${stores.location}: correct the names, or the region`);
  } catch (error) {
    stores.close();
    throw error;
  }
}
