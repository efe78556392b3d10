import { openAwsBroker } from "../lib/aws/aws-broker.ts";
import { openAwsStores } from "../lib/aws/aws-stores.ts";
import { threadedCodecs } from "../lib/base/codecs.ts";
import { silentMeter } from "../lib/base/meter.ts";
import { systemRandom } from "../lib/base/random.ts";
import type { Runtime } from "../lib/base/runtime.ts";
import { systemClock } from "../lib/base/system-clock.ts";
import { createLogger } from "../lib/observe/logger.ts";
import type { Broker } from "../lib/service/broker.ts";
import type { FunctionEnvironment } from "./environment.ts";

/** The system's runtime without native addons: the bundle runs on another processor than it was made on. */
export function functionRuntime({ logLevel }: Pick<FunctionEnvironment, "logLevel">): Runtime {
  return {
    clock: systemClock(),
    random: systemRandom,
    codecs: threadedCodecs(),
    logger: createLogger({ level: logLevel, format: "json", destination: process.stdout }),
    meter: silentMeter,
  };
}

/**
 * A broker that is opened by the first invocation that needs it and serves the later ones of the same environment.
 * Nothing relies on it: every answer rests on the stores. One that could not be opened is tried again by the next.
 */
export function warmBroker(environment: FunctionEnvironment, runtime: Runtime): () => Promise<Broker> {
  let opening: Promise<Broker> | undefined;
  const open = async (): Promise<Broker> => {
    const stores = await openAwsStores(environment.storage, runtime);
    try {
      return await openAwsBroker(stores, runtime, environment.broker);
    } catch (error) {
      stores.close();
      throw error;
    }
  };
  return () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}
