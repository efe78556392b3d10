import { concatBytes } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import { blockName } from "./source-name.ts";

/** What is read of a segment by one request, and kept: all blocks of a segment are of a size, but for rounding. */
interface Blocks {
  readonly count: number;
  readonly bytes: number;
}

/** None is smaller than wanted, unless the segment is: what is left over at its end costs no request of its own. */
function blocksOf(segment: SegmentReference, wanted: number): Blocks {
  const count = Math.max(1, Math.floor(segment.bytes / wanted));
  return { count, bytes: Math.ceil(segment.bytes / count) };
}

/** How far from a position on a segment can be read without joining blocks. */
export function blockEnd({ settings }: LogContext, segment: SegmentReference, position: number): number {
  if (settings.readBlockBytes === 0) return segment.bytes;
  const { bytes } = blocksOf(segment, settings.readBlockBytes);
  return Math.min(segment.bytes, (Math.floor(position / bytes) + 1) * bytes);
}

/** Bytes of a segment, out of its blocks where the settings say so; undefined when the store has fewer. */
export async function segmentRange(
  context: LogContext,
  segment: SegmentReference,
  range: { readonly start: number; readonly end: number },
  call: Call,
): Promise<Uint8Array | undefined> {
  const wanted = context.settings.readBlockBytes;
  const bytes =
    wanted === 0
      ? await context.objects.get(segment.objectKey, call, range)
      : await rangeOfBlocks(context, segment, { ...range, blocks: blocksOf(segment, wanted) }, call);
  return bytes?.byteLength === range.end - range.start ? bytes : undefined;
}

/** What was kept of a segment that reads damaged is read again next time. */
export function forgetBlocks({ cache, settings }: LogContext, segment: SegmentReference): void {
  if (settings.readBlockBytes === 0) return;
  const { count } = blocksOf(segment, settings.readBlockBytes);
  for (let block = 0; block < count; block++) cache.drop(blockName(segment.objectKey, block));
}

async function rangeOfBlocks(
  context: LogContext,
  segment: SegmentReference,
  { start, end, blocks }: { readonly start: number; readonly end: number; readonly blocks: Blocks },
  call: Call,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  for (let block = Math.floor(start / blocks.bytes); block * blocks.bytes < end; block++) {
    const from = block * blocks.bytes;
    const to = Math.min(segment.bytes, from + blocks.bytes);
    const name = blockName(segment.objectKey, block);
    const bytes = await context.cache.get(name, () =>
      context.objects.get(segment.objectKey, call, { start: from, end: to }),
    );
    if (bytes === undefined || bytes.byteLength !== to - from) {
      context.cache.drop(name);
      return undefined;
    }
    parts.push(bytes.subarray(Math.max(0, start - from), Math.min(to, end) - from));
  }
  return concatBytes(parts);
}
