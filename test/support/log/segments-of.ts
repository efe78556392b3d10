import { expect } from "vitest";
import { crc32c } from "../../../lib/base/crc32c.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import type { LogEngine } from "../../../lib/log/log-engine.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { checkBatchCrc } from "../../../lib/records/check-batch.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { INDEX_PREFIX, indexKey } from "../../../lib/storage/item-keys.ts";
import { decodeIndexItem, type IndexItem } from "../../../lib/storage/items/index-item.ts";
import { testCall } from "../test-call.ts";
import type { TestLog } from "./test-log.ts";

const WHOLE = { bytes: 1_000_000_000, olderThan: Number.MAX_SAFE_INTEGER };

/** Everything that was appended goes into segments. */
export async function rollAll({ context }: LogEngine, ref: PartitionRef): Promise<void> {
  await spill(context, ref, testCall);
  while ((await rollPartition(context, ref, WHOLE, testCall)) > 0);
}

/** All index items, in order. */
export async function indexOf(log: TestLog, ref: PartitionRef): Promise<IndexItem[]> {
  const { pk } = indexKey(ref.topicId, ref.partition, 0);
  const found: IndexItem[] = [];
  for (let from = INDEX_PREFIX; ; ) {
    const page = await log.items.query({ pk, from, to: `${INDEX_PREFIX}~` }, testCall);
    found.push(...page.items.map(({ item }) => decodeIndexItem(item)));
    const last = page.items.at(-1);
    if (!page.more || last === undefined) return found;
    from = `${last.key.sk}\u0000`;
  }
}

/** Demands that the items tile, and that each segment's object is exactly what its item says. */
export async function expectSound(log: TestLog, ref: PartitionRef): Promise<readonly IndexItem[]> {
  const items = await indexOf(log, ref);
  const head = await readHead(log.engine().context, ref, testCall);
  let next = items[0]?.base ?? head.tailBase;
  for (const item of items) {
    expect(item.base).toBe(next);
    next = item.end;
    if (item.kind === "segment") await expectSegment(log, item);
  }
  expect(next).toBe(head.tailBase);
  return items;
}

async function expectSegment(log: TestLog, { base, end, segment }: IndexItem & { kind: "segment" }): Promise<void> {
  const bytes = (await log.objects.get(segment.objectKey, testCall)) ?? new Uint8Array();
  expect({ bytes: bytes.byteLength, checksum: crc32c(bytes) }).toEqual({
    bytes: segment.bytes,
    checksum: segment.checksum,
  });
  const starts = new Map<number, { offset: number; maxTimestampBefore: number }>();
  let position = 0;
  let next = base;
  let records = 0;
  let maxTimestamp = -1;
  for (const batch of splitBatches(bytes)) {
    const header = readBatchHeader(batch);
    checkBatchCrc(batch, header);
    expect(header.baseOffset).toBeGreaterThanOrEqual(next);
    starts.set(position, { offset: header.baseOffset, maxTimestampBefore: maxTimestamp });
    position += batch.byteLength;
    next = endOffsetOf(header);
    records += header.recordCount;
    maxTimestamp = Math.max(maxTimestamp, header.maxTimestamp);
  }
  expect(next).toBeLessThanOrEqual(end);
  expect({ records, maxTimestamp }).toEqual({ records: segment.records, maxTimestamp: segment.maxTimestamp });
  expect(segment.marks[0]).toMatchObject({ position: 0 });
  for (const { offset, position: at, maxTimestampBefore } of segment.marks) {
    expect(starts.get(at)).toEqual({ offset, maxTimestampBefore });
  }
}
