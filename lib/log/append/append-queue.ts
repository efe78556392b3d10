import type { CommitGroup } from "./commit-group.ts";
import type { PendingBatch } from "./pending-batch.ts";

/** What waits for one partition: batches that came, and groups on their way, in order. */
export class AppendQueue {
  readonly pending: PendingBatch[] = [];
  /** Staged or being staged; the first is being committed. */
  readonly groups: CommitGroup[] = [];
  pendingBytes = 0;
  /** When the oldest pending batch came, on the monotonic clock. */
  waitingSinceMs = 0;
  running = false;

  add(batch: PendingBatch, nowMs: number): void {
    if (this.pending.length === 0) this.waitingSinceMs = nowMs;
    this.pending.push(batch);
    this.pendingBytes += batch.bytes.byteLength;
  }

  /** The longest run from the front that stays within the limits; at least one batch. */
  take(limits: { readonly bytes: number; readonly batches: number; readonly producers: number }): PendingBatch[] {
    const producers = new Set<number>();
    let bytes = 0;
    let count = 0;
    for (const batch of this.pending) {
      producers.add(batch.header.producerId);
      const within =
        bytes + batch.bytes.byteLength <= limits.bytes && count < limits.batches && producers.size <= limits.producers;
      if (!within && count > 0) break;
      bytes += batch.bytes.byteLength;
      count++;
    }
    this.pendingBytes -= bytes;
    return this.pending.splice(0, count);
  }

  get idle(): boolean {
    return this.pending.length === 0 && this.groups.length === 0;
  }
}
