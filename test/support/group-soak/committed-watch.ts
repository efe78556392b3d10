import { setTimeout as sleep } from "node:timers/promises";
import type { Tidelog } from "../../../lib/client/index.ts";
import { whileAway } from "./while-away.ts";

const LOOK_MS = 300;

/** Looks at what a group has committed again and again. Fails when that goes back: a stale commit took effect. */
export async function watchCommitted(log: Tidelog, group: string, stop: AbortSignal): Promise<void> {
  const newest = new Map<number, number>();
  while (!stop.aborted) {
    for (const { partition, offset } of await log.admin.groups.offsets(group).catch(whileAway([]))) {
      const before = newest.get(partition) ?? 0;
      if (offset < before) throw new Error(`partition ${partition}: committed ${offset} after ${before}`);
      newest.set(partition, offset);
    }
    await sleep(LOOK_MS);
  }
}
