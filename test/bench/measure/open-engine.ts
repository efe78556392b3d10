import type { Runtime } from "../../../lib/base/runtime.ts";
import type { LocalStores } from "../../../lib/local/local-stores.ts";
import { indexItemsFrom } from "../../../lib/log/index-items.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogSettings } from "../../../lib/log/log-settings.ts";
import type { SegmentItem } from "../../../lib/log/read/segment-bytes.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { type Broker, openBroker } from "../../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import { callContext } from "./open-service.ts";

/** Nothing becomes a segment by itself, which could come between a roll that is asked for. */
export function withoutRolls(log: LogSettings): LogSettings {
  return { ...log, roll: { bytes: Number.POSITIVE_INFINITY, ageMs: Number.POSITIVE_INFINITY } };
}

/** A broker over stores of this process that does nothing but what it is asked to. */
export function openEngine(stores: LocalStores, runtime: Runtime, log: LogSettings): Promise<Broker> {
  return openBroker({ ...stores, runtime, settings: { ...defaultBrokerSettings, backgroundWork: false, log } });
}

export async function partitionOf({ engine }: Broker, topic: string, partition = 0): Promise<PartitionRef> {
  const found = await engine.catalog.findNow(topic, callContext());
  if (found === undefined) throw new Error(`there is no topic ${topic}`);
  return { topicId: found.topicId, partition };
}

/** Everything that was produced becomes segments of about so many bytes. */
export async function rollEverything({ engine }: Broker, ref: PartitionRef, bytes: number): Promise<void> {
  await spill(engine.context, ref, callContext());
  const limits = { bytes, olderThan: Number.MAX_SAFE_INTEGER };
  while ((await rollPartition(engine.context, ref, limits, callContext())) > 0);
}

/** The segments of a partition in which everything is rolled, in order. */
export async function segmentsOf({ engine }: Broker, ref: PartitionRef): Promise<SegmentItem[]> {
  const { logStart, next } = await readHead(engine.context, ref, callContext());
  const segments: SegmentItem[] = [];
  for await (const item of indexItemsFrom(engine.context, ref, { from: logStart, to: next }, callContext())) {
    if (item.kind !== "segment") throw new Error(`the index item at ${item.base} is no segment`);
    segments.push(item);
  }
  return segments;
}
