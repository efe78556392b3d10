import { threadedCodecs } from "./codecs.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { type Meter, silentMeter } from "./meter.ts";
import { installNativeCrc32c } from "./native-crc32c.ts";
import { systemRandom } from "./random.ts";
import type { Runtime } from "./runtime.ts";
import { systemClock } from "./system-clock.ts";

/** What the engine is given outside of simulation: the system's clock and randomness, codecs on threads. */
export async function systemRuntime(observers: { logger?: Logger; meter?: Meter } = {}): Promise<Runtime> {
  await installNativeCrc32c();
  return {
    clock: systemClock(),
    random: systemRandom,
    codecs: threadedCodecs(),
    logger: observers.logger ?? silentLogger,
    meter: observers.meter ?? silentMeter,
  };
}
