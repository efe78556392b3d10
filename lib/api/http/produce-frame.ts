import type { Acks, ProduceRequest } from "../record-types.ts";
import { encodeFrame } from "./frame.ts";

/** Header of a produce request's frame. */
export interface ProduceHeader {
  readonly acks: Acks;
  readonly partitions: readonly {
    readonly topic: string;
    readonly partition: number;
    /** Length of this partition's batch in the frame. */
    readonly bytes: number;
  }[];
}

export function encodeProduceRequest(request: ProduceRequest): Uint8Array[] {
  const partitions = request.partitions.map(({ topic, partition, records }) => {
    return { topic, partition, bytes: records.byteLength };
  });
  const header: ProduceHeader = { acks: request.acks, partitions };
  return encodeFrame(
    header,
    request.partitions.map((part) => part.records),
  );
}
