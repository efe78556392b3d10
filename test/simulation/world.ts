import type { LogService } from "../../lib/api/log-service.ts";
import type { AlteringAdmins } from "./clients/altering-admin.ts";
import type { Cluster } from "./cluster.ts";
import type { GroupLedger } from "./groups/group-ledger.ts";
import type { History } from "./history.ts";
import type { KeyedLedger } from "./keyed/keyed-ledger.ts";
import type { Network } from "./network.ts";
import type { OperationLog } from "./operation-log.ts";
import type { RecordLedger } from "./sdk/record-ledger.ts";
import type { SdkGroupLedger } from "./sdk-group/sdk-group-ledger.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { StoreWorld } from "./store-line.ts";
import type { Story } from "./story.ts";
import type { Tide } from "./tide.ts";

/** All of one run. */
export interface World extends StoreWorld {
  readonly story: Story;
  readonly history: History;
  /** What users of the SDK were told. */
  readonly records: RecordLedger;
  /** What clients of compacted topics were told. */
  readonly keyed: KeyedLedger;
  /** Who alters configs of a topic that stays. */
  readonly alterations: AlteringAdmins;
  readonly tide: Tide;
  /** What members of the group were told. */
  readonly groups: GroupLedger;
  /** What applications of the product's group consumer were given. */
  readonly sdkGroup: SdkGroupLedger;
  readonly network: Network;
  readonly operationLog: OperationLog | undefined;
  readonly cluster: Cluster;
  /** Makes a client's process. */
  client(name: string): SimulatedProcess;
  /** What the SDK in a client talks to; a planted bug of clients is around it. */
  clientService(service: LogService): LogService;
  fork(stream: string): SeededRandom;
}
