import type { History, KnownPartition } from "../history.ts";
import type { SentBatch } from "../sent-batch.ts";

/** What was known of the partition when a request was made. */
export interface Before {
  readonly known: KnownPartition | undefined;
  readonly end: number;
  readonly logStart: number;
}

export function knownBefore(history: History, topic: string, partition: number): Before {
  const known = history.known(topic, partition);
  return { known, end: known?.end ?? 0, logStart: known?.logStart ?? 0 };
}

/** Judges and records an acknowledgement. `before` is from when the batch was first sent. */
export function acknowledge(history: History, batch: SentBatch, baseOffset: number | undefined, before: Before): void {
  history.decide(batch, "acknowledged", baseOffset);
  const known = history.known(batch.topic, batch.partition);
  if (known === undefined || known !== before.known || baseOffset === undefined) return;
  if (baseOffset < before.end) {
    const where = `${batch.topic}-${batch.partition}`;
    history.report(
      "Monotone",
      `${batch.name} got ${where} offset ${baseOffset}; ${before.end} was the known end when it was sent`,
    );
  }
  history.placed(known, baseOffset, batch, "acknowledged");
}
