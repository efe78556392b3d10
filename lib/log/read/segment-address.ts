import type { Call } from "../../base/call.ts";
import { readUrlBytesMin, readUrlMs } from "../../base/limits.ts";
import type { Head } from "../../storage/items/head.ts";
import type { IndexItem } from "../../storage/items/index-item.ts";
import type { LogContext } from "../log-context.ts";

/** Where the rest of a segment can be read without a broker. */
export interface AddressedSegment {
  readonly url: string;
  readonly expiresInMs: number;
  readonly bytes: number;
  readonly records: number;
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly position: number;
  readonly positionOffset: number;
}

/**
 * The address of the segment that holds an offset, given its index item, when so much of it is left that it is worth a request of the
 * reader's own. Only of segments: what is staged holds several partitions' batches, of topics that the reader may not
 * be allowed to read. Undefined also where the store gives no addresses.
 */
export async function segmentAddress(
  context: LogContext,
  item: IndexItem | undefined,
  { offset, head }: { readonly offset: number; readonly head: Head },
  call: Call,
): Promise<AddressedSegment | undefined> {
  const { objects } = context;
  if (objects.readUrl === undefined || !objects.capabilities.readUrl) return undefined;
  // Rolled since the head was read, a segment may reach beyond what the head shows.
  if (item?.kind !== "segment" || item.end > head.next) return undefined;
  const { objectKey, bytes, records, marks } = item.segment;
  const mark = marks.findLast((each) => each.offset <= offset) ?? { offset: item.base, position: 0 };
  if (bytes - mark.position < readUrlBytesMin) return undefined;
  const url = await objects.readUrl(objectKey, call, { expiresMs: readUrlMs });
  return {
    url,
    expiresInMs: readUrlMs,
    bytes,
    records,
    baseOffset: item.base,
    endOffset: item.end,
    position: mark.position,
    positionOffset: mark.offset,
  };
}
