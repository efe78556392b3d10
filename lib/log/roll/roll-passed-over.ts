import type { Call } from "../../base/call.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import { readHead } from "../read-head.ts";
import { buildSegment } from "./build-segment.ts";
import { entriesItemAt, entriesName, forgetPassedOver, noteDamage, readPassedOver } from "./passed-over.ts";
import { replaceByRolled } from "./roll-partition.ts";

/**
 * Looks again at what rolls have gone past: what can be read by now becomes a segment after all. Answers with the
 * bytes of segments made.
 */
export async function rollPassedOver(context: LogContext, ref: PartitionRef, call: Call): Promise<number> {
  let rolled = 0;
  for (const base of await readPassedOver(context, ref, call)) {
    const before = await readPassedOver(context, ref, call);
    const passedOver = { before, after: before.filter((each) => each !== base) };
    const item = await entriesItemAt(context, ref, base, call);
    if (item === undefined) await forgetPassedOver(context, ref, passedOver, call);
    else if (!context.damage.has(entriesName(ref, item))) {
      const { segment, items, damaged } = await buildSegment(context, [item], call);
      if (damaged !== undefined) await noteDamage(context, ref, damaged, call);
      else {
        const head = await readHead(context, ref, call);
        rolled += await replaceByRolled(context, ref, head, { segment, items, passedOver }, call);
      }
    }
  }
  return rolled;
}
