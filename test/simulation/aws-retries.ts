import { isLogError } from "../../lib/base/errors.ts";
import type { BrokerParts } from "./cluster.ts";
import { objectStoreWith } from "./planted/byte-bugs.ts";
import { itemStoreWith } from "./planted/item-store-with.ts";

/** As the AWS SDK's standard mode does it. */
const ATTEMPTS = 3;
const FIRST_WAIT_MS = 100;

/** What may be different the next time; a conditional write that met another is not tried again. */
const REPEATED = ["StoreThrottled", "StoreUnavailable"] as const;

/**
 * The stores behind an SDK that repeats requests by itself, whatever their effect may have been: reads, puts and
 * deletes. Updates and transactions it sends once, since the product tells it so.
 */
export function withAwsRetries({ objects, items, runtime }: BrokerParts, onRetry: () => void): BrokerParts {
  const { clock, random } = runtime;
  const repeated = async <Answer>(request: () => Promise<Answer>): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await request();
      } catch (error) {
        if (attempt === ATTEMPTS || !isLogError(error, ...REPEATED)) throw error;
        await clock.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1) * random.fraction());
        onRetry();
      }
    }
  };
  return {
    runtime,
    objects: objectStoreWith(objects, {
      put: (key, parts, call, options) => repeated(() => objects.put(key, parts, call, options)),
      get: (key, call, range) => repeated(() => objects.get(key, call, range)),
      list: (prefix, call, options) => repeated(() => objects.list(prefix, call, options)),
      delete: (keys, call) => repeated(() => objects.delete(keys, call)),
    }),
    items: itemStoreWith(items, {
      get: (key, call, options) => repeated(() => items.get(key, call, options)),
      getMany: (keys, call, options) => repeated(() => items.getMany(keys, call, options)),
      query: (query, call) => repeated(() => items.query(query, call)),
    }),
  };
}
