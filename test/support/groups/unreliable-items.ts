import { LogError } from "../../../lib/base/errors.ts";
import type { ItemStore } from "../../../lib/storage/item-store.ts";
import type { Scheduler } from "../../simulation/scheduler.ts";
import type { SeededRandom } from "../../simulation/seeded-random.ts";

export interface Unreliable {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  /** Of each fault, per operation; 0 for a store that is only slow. */
  readonly chance: () => number;
  readonly delayMs: number;
}

/**
 * Items behind a bad network: every operation takes time, so that brokers race; some fail before their effect,
 * some after it, some happen long after their caller has given up, and some are refused as conflicts.
 */
export function unreliableItems(items: ItemStore, { scheduler, random, chance, delayMs }: Unreliable): ItemStore {
  const faulty = (): boolean => random.chance(chance());
  const cutOff = (): LogError => new LogError("StoreUnavailable", "cut off", { effect: "unknown" });
  return new Proxy(items, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        const operate = (): Promise<unknown> => method.apply(target, args);
        await scheduler.sleep(random.around(delayMs));
        if (faulty()) throw new LogError("StoreConflict", "a conflict");
        if (faulty()) throw cutOff();
        if (faulty()) {
          void scheduler.sleep(random.around(3000)).then(() => operate().catch(() => undefined));
          throw cutOff();
        }
        const answer = await operate();
        await scheduler.sleep(random.around(delayMs));
        if (faulty()) throw cutOff();
        return answer;
      };
    },
  });
}
