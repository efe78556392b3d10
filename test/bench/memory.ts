import { join } from "node:path";
import { Tidelog } from "../../lib/client/index.ts";
import { BenchServer } from "./measure/processes.ts";
import { randomValues } from "./measure/random-values.ts";
import type { Scenario } from "./measure/scenario.ts";
import { mibPerSecond } from "./measure/statistics.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const VALUE_BYTES = 64 * KIB;
const CLIENTS = 64;
const TOPIC = "memory";
/** Records of one producer that are on their way at a time. */
const IN_FLIGHT = 4;

/** The server's memory while many clients move much at once: a partition each, its consumer following. */
export const memory: Scenario = {
  name: "memory",
  async run({ quick, directory }) {
    const totalBytes = quick ? 16 * MIB : 2048 * MIB;
    const server = await BenchServer.start({ dataDir: join(directory, "server") });
    try {
      const idleBytes = server.peakResidentBytes();
      const startedMs = performance.now();
      await passThrough(server.url, totalBytes / VALUE_BYTES / CLIENTS);
      const tookMs = performance.now() - startedMs;
      const peakBytes = server.peakResidentBytes();
      return [
        {
          title: "Memory of the server with 64 producers and 64 consumers of 64 KiB records",
          columns: ["produced MiB", "MiB/s in", "peak before MiB", "peak resident MiB", "aim MiB"],
          rows: [[totalBytes / MIB, mibPerSecond(totalBytes, tookMs), idleBytes / MIB, peakBytes / MIB, 256]],
          note: "All that was produced was read while it was produced. Peak resident: VmHWM of the server's process.",
        },
      ];
    } finally {
      await server.stop();
    }
  },
};

async function passThrough(endpoint: string, recordsEach: number): Promise<void> {
  await using log = new Tidelog({ endpoint });
  await log.admin.createTopic({ name: TOPIC, partitions: CLIENTS });
  const partitions = Array.from({ length: CLIENTS }, (_, partition) => partition);
  await Promise.all(
    partitions.flatMap((partition) => [produce(log, partition, recordsEach), consume(log, partition, recordsEach)]),
  );
}

async function produce(log: Tidelog, partition: number, records: number): Promise<void> {
  const producer = log.producer({ bufferBytes: MIB });
  const value = randomValues(VALUE_BYTES);
  let left = records;
  const publish = async (): Promise<void> => {
    while (left-- > 0) await producer.publish(TOPIC, { value: value(), partition });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, publish));
  await producer.close();
}

async function consume(log: Tidelog, partition: number, records: number): Promise<void> {
  const assign = { topic: TOPIC, partition, from: "beginning" } as const;
  await using consumer = log.consumer({ assign, bufferBytes: 2 * MIB });
  let seen = 0;
  while (seen < records) seen += (await consumer.poll()).length;
}
