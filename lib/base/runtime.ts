import type { Clock } from "./clock.ts";
import type { Codecs } from "./compression.ts";
import type { Logger } from "./logger.ts";
import type { Meter } from "./meter.ts";
import type { Random } from "./random.ts";

/** Everything from outside that is not a store: what the simulator replaces. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly codecs: Codecs;
  readonly logger: Logger;
  readonly meter: Meter;
}
