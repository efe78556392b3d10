import { sparseIndexBytesEach } from "../base/limits.ts";
import { type BatchHeader, endOffsetOf, hasProducer, NO_PRODUCER, NO_TIMESTAMP } from "../records/batch-header.ts";
import type { EpochStart } from "../storage/items/control.ts";
import type { SparseMark } from "../storage/items/index-item.ts";

/** What the batches of a segment come to, learned from their headers one after the other. */
export class SegmentFacts {
  readonly marks: SparseMark[] = [];
  /** Where the leader epoch changes. */
  readonly epochs: EpochStart[] = [];
  records = 0;
  maxTimestamp: number = NO_TIMESTAMP;
  maxProducerId: number = NO_PRODUCER;
  /** Where the next batch must begin, or may at the earliest when records have been compacted away. */
  end: number;

  constructor(base: number) {
    this.end = base;
  }

  add(header: BatchHeader, position: number): void {
    const lastMark = this.marks.at(-1);
    if (lastMark === undefined || position - lastMark.position >= sparseIndexBytesEach) {
      this.marks.push({ offset: header.baseOffset, position, maxTimestampBefore: this.maxTimestamp });
    }
    if (this.epochs.at(-1)?.epoch !== header.leaderEpoch) {
      this.epochs.push({ epoch: header.leaderEpoch, startOffset: header.baseOffset });
    }
    this.records += header.recordCount;
    this.maxTimestamp = Math.max(this.maxTimestamp, header.maxTimestamp);
    if (hasProducer(header)) this.maxProducerId = Math.max(this.maxProducerId, header.producerId);
    this.end = endOffsetOf(header);
  }
}
