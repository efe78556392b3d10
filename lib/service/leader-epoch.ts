import { LogError } from "../base/errors.ts";
import type { Head } from "../storage/items/head.ts";

/** Kafka's check of the epoch that a reader believes in (KIP-320). */
export function checkLeaderEpoch(head: Head, known: number | undefined): void {
  if (known === undefined || known < 0 || known === head.epoch) return;
  const details = { known, epoch: head.epoch };
  if (known < head.epoch) {
    throw new LogError("FencedLeaderEpoch", `the partition's leader epoch is ${head.epoch} by now, not ${known}`, {
      details,
    });
  }
  throw new LogError("UnknownLeaderEpoch", `the partition's leader epoch is ${head.epoch}, not yet ${known}`, {
    details,
  });
}
