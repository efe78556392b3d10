import type { LogService } from "../../lib/api/log-service.ts";
import type { Fetched, FetchReply, FetchRequest } from "../../lib/api/record-types.ts";
import { concatBytes } from "../../lib/base/bytes.ts";
import type { ConsumerRecord, Tidelog } from "../../lib/client/index.ts";
import type { VirtualLog } from "./virtual-log.ts";

export const offsetsOf = (records: readonly ConsumerRecord[]): number[] => records.map(({ offset }) => offset);
export const textsOf = (records: readonly ConsumerRecord[]): (string | null)[] =>
  records.map((record) => record.text());

/** Ten records "0" to "9" in the topic "orders", a second apart, in three batches. */
export async function publishTenTo(world: VirtualLog, log: Tidelog): Promise<void> {
  const records = Array.from({ length: 10 }, (_, index) => ({ value: `${index}`, timestamp: 1000 * (index + 1) }));
  for (const part of [records.slice(0, 4), records.slice(4, 8), records.slice(8)]) {
    await world.run(log.publish("orders", part));
  }
}

export type ChangeReply = (reply: FetchReply, request: FetchRequest, count: number) => FetchReply | Promise<FetchReply>;

/** A client whose fetches are seen, and whose answers `change` may replace. */
export function watchedReads(world: VirtualLog, change: ChangeReply): { requests: FetchRequest[]; log: Tidelog } {
  const requests: FetchRequest[] = [];
  const service: LogService = {
    ...world.broker.service,
    fetch: async (context, request) => {
      requests.push(request);
      const count = requests.length;
      return change(await world.broker.service.fetch(context, request), request, count);
    },
  };
  return { requests, log: world.client({ service }) };
}

/** The answer with other bytes in each part that has any. */
export function withBytes(reply: FetchReply, change: (bytes: Uint8Array, part: Fetched) => Uint8Array): FetchReply {
  return {
    partitions: reply.partitions.map((part) => {
      if (!part.ok || part.records.length === 0) return part;
      return { ...part, records: [change(new Uint8Array(concatBytes(part.records)), part)] };
    }),
  };
}
