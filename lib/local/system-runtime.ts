import { threadedCodecs } from "../base/codecs.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { type Meter, silentMeter } from "../base/meter.ts";
import { installNativeCrc32c } from "../base/native-crc32c.ts";
import { systemRandom } from "../base/random.ts";
import type { Runtime } from "../base/runtime.ts";
import { systemClock } from "../base/system-clock.ts";

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
