import { join } from "node:path";
import type { Load } from "./measure/load.ts";
import { BenchServer, runLoad } from "./measure/processes.ts";
import type { Scale, Scenario } from "./measure/scenario.ts";
import { mibPerSecond } from "./measure/statistics.ts";
import type { Cell } from "./measure/table.ts";

const KIB = 1024;
const VALUE_BYTES = KIB;
const PRODUCERS = [1, 4, 16, 64] as const;
const PARTITIONS = [1, 10, 100, 1000] as const;

/** More producers that each wait for their record, and more partitions under one busy producer. */
export const scaling: Scenario = {
  name: "scaling",
  async run(scale) {
    const producers: Cell[][] = [];
    for (const count of scale.quick ? PRODUCERS.slice(1, 2) : PRODUCERS) {
      const records = scale.quick ? count : Math.min(24_000, 3000 * count);
      const load = { producers: count, partitions: 1, records, outstandingBytes: VALUE_BYTES };
      producers.push([count, ...(await measure(scale, `producers-${count}`, load))]);
    }
    const partitions: Cell[][] = [];
    for (const count of scale.quick ? PARTITIONS.slice(1, 2) : PARTITIONS) {
      const records = scale.quick ? count : 64 * KIB;
      const load = { producers: 1, partitions: count, records, outstandingBytes: 8 * KIB * KIB };
      partitions.push([count, ...(await measure(scale, `partitions-${count}`, load))]);
    }
    return [
      {
        title: "Producers over HTTP, each with one record of 1 KiB on its way, one partition",
        columns: ["producers", "records/s", "MiB/s", "fetch MiB/s"],
        rows: producers,
      },
      {
        title: "Partitions under one producer over HTTP, records of 1 KiB, 8 MiB on their way",
        columns: ["partitions", "records/s", "MiB/s", "fetch MiB/s"],
        rows: partitions,
      },
    ];
  },
};

async function measure(
  scale: Scale,
  name: string,
  load: Pick<Load, "producers" | "partitions" | "records" | "outstandingBytes">,
): Promise<Cell[]> {
  const server = await BenchServer.start({ dataDir: join(scale.directory, name) });
  try {
    const at = { url: server.url };
    const result = await runLoad({ at, through: "sdk", valueBytes: VALUE_BYTES, fetch: true, ...load });
    const bytes = load.records * VALUE_BYTES;
    return [
      load.records / (result.produceMs / 1000),
      mibPerSecond(bytes, result.produceMs),
      mibPerSecond(bytes, result.fetchMs),
    ];
  } finally {
    await server.stop();
  }
}
