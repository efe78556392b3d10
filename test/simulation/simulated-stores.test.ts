import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { synchronousCodecs } from "../../lib/base/codecs.ts";
import { silentMeter } from "../../lib/base/meter.ts";
import { itemStoreSuite } from "../contract/item-store-suite.ts";
import { objectStoreSuite } from "../contract/object-store-suite.ts";
import { Faults } from "./faults.ts";
import { HeldBack } from "./held-back.ts";
import { ItemHistory } from "./item-history.ts";
import { Scheduler } from "./scheduler.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedItemStore } from "./simulated-item-store.ts";
import { SimulatedObjectStore } from "./simulated-object-store.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import { StoreLine } from "./store-line.ts";
import { Trace } from "./trace.ts";

/** A connection to the stores on which nothing goes wrong. */
function calmLine(): StoreLine {
  const scheduler = new Scheduler();
  const random = new SeededRandom(1, "contract");
  const faults = new Faults(random.fork("faults"));
  faults.stop();
  const shared = { scheduler, random, faults, trace: new Trace(scheduler), heldBack: new HeldBack(scheduler, random) };
  const world = { ...shared, operations: 0, underWay: 0 };
  const codecs = synchronousCodecs();
  const options = { name: "contract", scheduler, random, codecs, meter: silentMeter, skewMs: 0 };
  return new StoreLine(world, new SimulatedProcess(options));
}

/** `store`, for callers outside of virtual time: it passes while they wait. */
function driven<Store extends object>(store: Store, { world }: StoreLine): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]): Promise<unknown> => {
        let settled = false;
        const answer = (member.apply(target, args) as Promise<unknown>).finally(() => {
          settled = true;
        });
        answer.catch(() => undefined);
        await world.scheduler.run(() => settled, Number.POSITIVE_INFINITY);
        return answer;
      };
    },
  });
}

const close = async (): Promise<void> => undefined;
const traits = { persistent: false };

objectStoreSuite(
  "simulated, without faults",
  async () => {
    const line = calmLine();
    return { store: driven(new SimulatedObjectStore(line, new MemoryObjectStore()), line), close };
  },
  traits,
);
itemStoreSuite(
  "simulated, without faults",
  async () => {
    const line = calmLine();
    const truth = new MemoryItemStore();
    return { store: driven(new SimulatedItemStore(line, truth, new ItemHistory(truth)), line), close };
  },
  traits,
);
