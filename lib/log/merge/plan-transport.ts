import type { ByteRange } from "../../storage/object-store.ts";
import type { SegmentItem } from "../read/segment-bytes.ts";

/** A range of an input: read, checked and written by this process, or copied by the store. */
export interface TransportStep {
  readonly kind: "through" | "copy";
  readonly item: SegmentItem;
  readonly range: ByteRange;
}

/**
 * How the inputs' bytes get into one object. A store that composes takes no part, but for the last, below
 * `partBytesMin`: runs of smaller ones pass through this process, with as much of the next large one as they need to
 * become a part. Without a store that composes, everything does.
 */
export function planTransport(inputs: readonly SegmentItem[], partBytesMin: number | undefined): TransportStep[] {
  const steps: TransportStep[] = [];
  let gathered = 0;
  for (const item of inputs) {
    const { bytes } = item.segment;
    if (bytes === 0) continue;
    const split = partBytesMin === undefined ? bytes : splitAt(item, gathered, partBytesMin);
    if (split > 0) steps.push({ kind: "through", item, range: { start: 0, end: split } });
    if (split < bytes) steps.push({ kind: "copy", item, range: { start: split, end: bytes } });
    gathered = split < bytes ? 0 : gathered + split;
  }
  return steps;
}

/** How many of the input's first bytes go through this process, to the end of a batch. */
function splitAt({ segment }: SegmentItem, gathered: number, partBytesMin: number): number {
  const { bytes } = segment;
  const wanted = gathered === 0 ? 0 : Math.max(0, partBytesMin - gathered);
  const mark = wanted === 0 ? 0 : (segment.marks.find(({ position }) => position >= wanted)?.position ?? bytes);
  return bytes - mark >= partBytesMin ? mark : bytes;
}
