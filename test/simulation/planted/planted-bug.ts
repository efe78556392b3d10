import type { LogService } from "../../../lib/api/log-service.ts";
import type { PromiseName } from "../anomaly.ts";
import type { BrokerParts } from "../cluster.ts";

/** One rule of the protocol taken away, by a wrapper outside the product. */
export interface PlantedBug {
  readonly name: string;
  /** What a correct log does and this one does not. */
  readonly rule: string;
  /** What the first anomaly may be called that tells more than that somebody waits in vain. */
  readonly promises: readonly PromiseName[];
  /** The mix of workloads in which it can show: `mixed` unless told otherwise. */
  readonly profile?: string;
  readonly plant?: (parts: BrokerParts) => BrokerParts;
  /** Around the stores as a restore sees them. */
  readonly plantRestore?: (parts: BrokerParts) => BrokerParts;
  /** Around what the SDK in a client talks to. */
  readonly plantClient?: (service: LogService) => LogService;
  readonly plantService?: (service: LogService) => LogService;
}
