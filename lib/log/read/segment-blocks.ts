import { concatBytes } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import type { SegmentReference } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";
import type { ByteSpan } from "./byte-span.ts";
import { blockName } from "./source-name.ts";

/** What is read of a segment by one request, and kept: all blocks of a segment are of a size, but for rounding. */
interface Blocks {
  readonly count: number;
  readonly bytes: number;
}

/** Blocks that the cache has room for at least, if one is to be loaded before it is asked for. */
const KEPT_BLOCKS_MIN = 4;
/** The one that it needs now, and the next. */
const BLOCKS_OF_A_READER = 2;

/** None is smaller than wanted, unless the segment is: what is left over at its end costs no request of its own. */
function blocksOf(segment: SegmentReference, wanted: number): Blocks {
  const count = Math.max(1, Math.floor(segment.bytes / wanted));
  return { count, bytes: Math.ceil(segment.bytes / count) };
}

/** How far from a position on a segment can be read without joining blocks. */
export function blockEnd({ settings }: LogContext, segment: SegmentReference, position: number): number {
  const { bytes } = blocksOf(segment, settings.readBlockBytes);
  return Math.min(segment.bytes, (Math.floor(position / bytes) + 1) * bytes);
}

/** Bytes of a segment, out of its blocks where the settings say so; undefined when the store has fewer. */
export async function segmentRange(
  context: LogContext,
  segment: SegmentReference,
  range: { readonly start: number; readonly end: number },
  call: Call,
  memory?: Uint8Array,
): Promise<Uint8Array | undefined> {
  const wanted = context.settings.readBlockBytes;
  const bytes =
    wanted === 0
      ? await context.objects.get(segment.objectKey, call, range, memory)
      : await rangeOfBlocks(context, segment, { ...range, blocks: blocksOf(segment, wanted) }, call);
  return bytes?.byteLength === range.end - range.start ? bytes : undefined;
}

/**
 * Begins to load the block behind a position's own, where a reader that wants so many bytes will need most of it: it
 * comes while the one before it is being checked. Never rejects; whoever needs it asks again.
 */
export function loadAhead(
  context: LogContext,
  segment: SegmentReference,
  { position, wanted }: { readonly position: number; readonly wanted: number },
  call: Call,
): void {
  const { cache, settings } = context;
  const { readBlockBytes, cacheBytesMax } = settings;
  const { bytes } = blocksOf(segment, readBlockBytes);
  const block = Math.floor(position / bytes) + 1;
  const needed = Math.min(segment.bytes, position + wanted) - block * bytes;
  // What the cache would not hold until then would be loaded twice: with many readers each loads just what it needs.
  const kept = Math.max(KEPT_BLOCKS_MIN, cache.loads + BLOCKS_OF_A_READER);
  if (needed < bytes / 2 || bytes * kept > cacheBytesMax) return;
  loadBlock(context, segment, { block, bytes }, call).catch(() => undefined);
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
    const bytes = await loadBlock(context, segment, { block, bytes: blocks.bytes }, call);
    if (bytes?.byteLength !== to - from) {
      context.cache.drop(blockName(segment.objectKey, block));
      return undefined;
    }
    parts.push(bytes.subarray(Math.max(0, start - from), Math.min(to, end) - from));
  }
  return concatBytes(parts);
}

function loadBlock(
  context: LogContext,
  segment: SegmentReference,
  { block, bytes }: { readonly block: number; readonly bytes: number },
  call: Call,
): Promise<ByteSpan | undefined> {
  const range = { start: block * bytes, end: Math.min(segment.bytes, (block + 1) * bytes) };
  return context.cache.get(blockName(segment.objectKey, block), () =>
    context.objects.get(segment.objectKey, call, range),
  );
}
