import type { ConsumerRecord, Tidelog } from "../../lib/client/index.ts";

/** Every record of a topic up to its present end, partition by partition in order of offsets. */
export async function readBack(log: Tidelog, topic: string): Promise<Map<number, ConsumerRecord[]>> {
  const offsets = await log.admin.offsets(topic);
  const byPartition = new Map<number, ConsumerRecord[]>(offsets.map(({ partition }) => [partition, []]));
  let missing = offsets.reduce((sum, each) => sum + each.highWatermark - each.logStartOffset, 0);
  const consumer = log.consumer({ assign: topic, from: "beginning" });
  while (missing > 0) {
    const records = await consumer.poll({ maxRecords: 10_000, timeoutMs: 30_000 });
    if (records.length === 0) throw new Error(`${missing} records do not come`);
    for (const record of records) byPartition.get(record.partition)?.push(record);
    missing -= records.length;
  }
  await consumer.close();
  return byPartition;
}
