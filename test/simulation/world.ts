import type { Cluster } from "./cluster.ts";
import type { History } from "./history.ts";
import type { Network } from "./network.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { StoreWorld } from "./store-line.ts";
import type { Story } from "./story.ts";

/** All of one run. */
export interface World extends StoreWorld {
  readonly story: Story;
  readonly history: History;
  readonly network: Network;
  readonly cluster: Cluster;
  /** Makes a client's process. */
  client(name: string): SimulatedProcess;
  fork(stream: string): SeededRandom;
}
