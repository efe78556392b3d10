import { indexItemAt } from "../../../lib/log/index-items.ts";
import type { PartitionRef } from "../../../lib/log/log-context.ts";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { openStoreIdentity } from "../../../lib/log/store-identity.ts";
import { type VerifyReport, verifyLog } from "../../../lib/log/verify/verify-log.ts";
import type { VerifyOptions } from "../../../lib/log/verify/verify-run.ts";
import { set, type TransactPart } from "../../../lib/storage/item-change.ts";
import { controlKey, headKey, indexKey, stagedItemKey, topicKey } from "../../../lib/storage/item-keys.ts";
import type { ItemKey } from "../../../lib/storage/item-value.ts";
import { CONTROL } from "../../../lib/storage/items/control.ts";
import { decodeEntry } from "../../../lib/storage/items/entry.ts";
import { decodeHead, HEAD } from "../../../lib/storage/items/head.ts";
import { encodeIndexItem, type IndexItem } from "../../../lib/storage/items/index-item.ts";
import { STAGED_PREFIX, topicObjectKey } from "../../../lib/storage/object-keys.ts";
import { testCall } from "../test-call.ts";
import { batchOf } from "./records-of.ts";
import { append, TestLog } from "./test-log.ts";

export const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };

interface Sound {
  readonly log: TestLog;
  readonly ref: PartitionRef;
}

/**
 * Two segments of three commits each ([0, 6) and [6, 12)), entries whose bytes are a staged object ([12, 14)) and a
 * staged item ([14, 16)), and an inline tail ([16, 18)).
 */
export async function soundLog(): Promise<Sound> {
  const log = new TestLog();
  const { context } = log.engine();
  await openStoreIdentity(context, log.runtime(), testCall);
  const ref = await log.partition();
  const put = async (placement: "inline" | "item" | "object", label: string): Promise<void> => {
    const inlineBytesMax = placement === "inline" ? 10_000 : 0;
    const stagedItemBytesMax = placement === "item" ? 10_000 : 0;
    const engine = log.engine({ settings: { placement: { inlineBytesMax, stagedItemBytesMax } } });
    await append(engine, ref, batchOf([`${label} a`, `${label} b`]));
  };
  for (let segment = 0; segment < 2; segment++) {
    for (let commit = 0; commit < 3; commit++) await put("inline", `${segment} ${commit}`);
    await spill(context, ref, testCall);
    await rollPartition(context, ref, WHOLE, testCall);
  }
  await put("object", "object");
  await put("item", "item");
  await spill(context, ref, testCall);
  await put("inline", "tail");
  return { log, ref };
}

export const verify = (log: TestLog, options: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
  verifyLog(log, { clock: log.clock, ...options });

async function itemAt({ log, ref }: Sound, offset: number): Promise<IndexItem> {
  const item = await indexItemAt(log.engine().context, ref, offset, testCall);
  if (item === undefined) throw new Error(`no index item at ${offset}`);
  return item;
}

export async function segmentAt(sound: Sound, offset: number) {
  const item = await itemAt(sound, offset);
  if (item.kind !== "segment") throw new Error(`no segment at ${offset}`);
  return item;
}

async function entryAt(sound: Sound, at: number) {
  const item = await itemAt(sound, 12);
  if (item.kind !== "entries") throw new Error("no entries");
  return decodeEntry(item.entries[at]?.packed ?? new Uint8Array());
}

export async function rewrite(log: TestLog, key: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await log.objects.put(key, [change((await log.objects.get(key, testCall)) ?? new Uint8Array())], testCall);
}

export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

const transact = (log: TestLog, part: TransactPart) => log.items.transact([part], testCall);
const removeItem = (log: TestLog, key: ItemKey) => transact(log, { kind: "delete", key, conditions: [] });
export const putIndexItem = ({ log, ref }: Sound, item: IndexItem, at = item.base) =>
  transact(log, { kind: "put", key: indexKey(ref.topicId, 0, at), item: encodeIndexItem(item), conditions: [] });
async function changeSegment(sound: Sound, offset: number, change: object): Promise<void> {
  const item = await segmentAt(sound, offset);
  await putIndexItem(sound, { ...item, segment: { ...item.segment, ...change } });
}

/** Every kind of damage, what it does, and what the report must say. */
export const DAMAGES: readonly (readonly [string, (sound: Sound) => Promise<unknown>, object])[] = [
  [
    "a flipped bit in a record of a segment",
    async (sound) => {
      const { objectKey } = (await segmentAt(sound, 6)).segment;
      await rewrite(sound.log, objectKey, (bytes) => flipped(bytes, 80));
    },
    { file: /-12-.*\.log$/, bytes: { from: 0 }, offsets: { from: 6 }, what: /CRC/ },
  ],
  [
    "a flipped bit in the length of a segment's second batch",
    async (sound) => {
      const { segment } = await segmentAt(sound, 0);
      await rewrite(sound.log, segment.objectKey, (bytes) => flipped(bytes, segment.bytes / 3 + 8));
    },
    { file: /-6-.*\.log$/, what: /where at most/ },
  ],
  [
    "a flipped bit in a base offset, which no batch's CRC covers",
    async (sound) => rewrite(sound.log, (await segmentAt(sound, 0)).segment.objectKey, (bytes) => flipped(bytes, 7)),
    { file: /-6-.*\.log$/, what: /begins at offset 1, expected 0/ },
  ],
  [
    "a truncated segment",
    async (sound) => rewrite(sound.log, (await segmentAt(sound, 0)).segment.objectKey, (bytes) => bytes.slice(0, -7)),
    { file: /-6-.*\.log$/, what: /ends before/ },
  ],
  [
    "a segment with bytes behind its end",
    async (sound) =>
      rewrite(sound.log, (await segmentAt(sound, 0)).segment.objectKey, (bytes) => Buffer.concat([bytes, bytes])),
    { file: /-6-.*\.log$/, what: /longer than/ },
  ],
  [
    "a missing segment",
    async (sound) => sound.log.objects.delete([(await segmentAt(sound, 6)).segment.objectKey], testCall),
    { file: /-12-.*\.log$/, offsets: { from: 6, to: 12 }, what: /does not exist/ },
  ],
  [
    "a missing index item",
    ({ log, ref }) => removeItem(log, indexKey(ref.topicId, 0, 6)),
    { offsets: { from: 6, to: 12 }, what: /no index item answers/ },
  ],
  [
    "a missing last index item",
    ({ log, ref }) => removeItem(log, indexKey(ref.topicId, 0, 12)),
    { offsets: { from: 12, to: 16 }, what: /no index item answers/ },
  ],
  [
    "overlapping index items",
    (sound) => putIndexItem(sound, { kind: "void", base: 4, end: 6, tag: "t" }),
    { file: /i#0000000000000004$/, offsets: { from: 4, to: 6 }, what: /overlaps/ },
  ],
  [
    "a wrong count of records",
    (sound) => changeSegment(sound, 0, { records: 5 }),
    { file: /-6-.*\.log$/, what: /holds 6 records, the index has 5/ },
  ],
  [
    "a wrong checksum in the index",
    (sound) => changeSegment(sound, 0, { checksum: 1 }),
    { file: /-6-.*\.log$/, what: /checksum/ },
  ],
  [
    "a newest time that is too old",
    (sound) => changeSegment(sound, 0, { maxTimestamp: 999 }),
    { file: /-6-.*\.log$/, what: /record of time 1000/ },
  ],
  [
    "a mark where no batch begins",
    (sound) => changeSegment(sound, 0, { marks: [{ offset: 1, position: 9, maxTimestampBefore: -1 }] }),
    { file: /-6-.*\.log$/, what: /no batch begins at byte 9/ },
  ],
  [
    "a mark with a wrong offset",
    (sound) => changeSegment(sound, 0, { marks: [{ offset: 1, position: 0, maxTimestampBefore: -1 }] }),
    { file: /-6-.*\.log$/, what: /the sparse index has offset 1/ },
  ],
  [
    "a reference to another range's segment",
    async (sound) => changeSegment(sound, 0, { objectKey: (await segmentAt(sound, 6)).segment.objectKey }),
    { file: /^item p#.* i#0+$/, what: /for its range/ },
  ],
  [
    "an index item that does not decode",
    ({ log, ref }) => log.items.update(indexKey(ref.topicId, 0, 6), [set(["marks"], "?")], [], testCall),
    { file: /i#0000000000000006$/, what: /marks/ },
  ],
  [
    "a leader epoch above the head's",
    ({ log, ref }) => log.items.update(headKey(ref.topicId, 0), [set(HEAD.epoch, -1)], [], testCall),
    { what: /leader epoch 0/ },
  ],
  [
    "a missing staged object",
    async (sound) => {
      const { objects } = await sound.log.objects.list(STAGED_PREFIX, testCall);
      await sound.log.objects.delete(
        objects.map(({ key }) => key),
        testCall,
      );
    },
    { file: /^staged\//, offsets: { from: 12, to: 14 }, what: /does not exist/ },
  ],
  [
    "a flipped bit in a staged object",
    async ({ log }) => {
      const { objects } = await log.objects.list(STAGED_PREFIX, testCall);
      await rewrite(log, objects[0]?.key ?? "", (bytes) => flipped(bytes, bytes.byteLength - 3));
    },
    { file: /^staged\//, offsets: { from: 12, to: 14 }, what: /CRC/ },
  ],
  [
    "a truncated staged object",
    async ({ log }) => {
      const { objects } = await log.objects.list(STAGED_PREFIX, testCall);
      await rewrite(log, objects[0]?.key ?? "", (bytes) => bytes.slice(0, -3));
    },
    { file: /^staged\//, offsets: { from: 12, to: 14 }, what: /bytes where/ },
  ],
  [
    "a missing staged item",
    async (sound) => {
      const { source } = await entryAt(sound, 1);
      await removeItem(sound.log, stagedItemKey(source.kind === "item" ? source.name : ""));
    },
    { file: /^item s#/, offsets: { from: 14, to: 16 }, what: /does not exist/ },
  ],
  [
    "a flipped bit in an inline entry",
    async ({ log, ref }) => {
      const head = decodeHead((await log.items.get(headKey(ref.topicId, 0), testCall)) ?? {});
      const [entry] = head.tail;
      if (entry === undefined) throw new Error("no tail");
      const packed = flipped(entry.packed, entry.packed.byteLength - 2);
      await log.items.update(headKey(ref.topicId, 0), [set(HEAD.entry(entry.id), packed)], [], testCall);
    },
    { file: /head$/, offsets: { from: 16, to: 18 }, what: /CRC/ },
  ],
  [
    "a high watermark beyond the tail",
    ({ log, ref }) => log.items.update(headKey(ref.topicId, 0), [set(HEAD.next, 20)], [], testCall),
    { file: /head$/, offsets: { from: 18, to: 20 }, what: /high watermark is 20/ },
  ],
  [
    "a wrong count of bytes",
    ({ log, ref }) => log.items.update(headKey(ref.topicId, 0), [set(HEAD.bytes, 1)], [], testCall),
    { file: /head$/, what: /it counts 1 bytes/ },
  ],
  ["a missing head", ({ log, ref }) => removeItem(log, headKey(ref.topicId, 0)), { file: /head$/, what: /not exist/ }],
  [
    "a missing control",
    ({ log, ref }) => removeItem(log, controlKey(ref.topicId, 0)),
    { file: /control$/, what: /not exist/ },
  ],
  [
    "a spilled end below the tail base",
    ({ log, ref }) => log.items.update(controlKey(ref.topicId, 0), [set(CONTROL.spilledEnd, 12)], [], testCall),
    { file: /control$/, offsets: { from: 12, to: 16 }, what: /spilled end/ },
  ],
  [
    "a missing topic",
    ({ log, ref }) => removeItem(log, topicKey(ref.topicId)),
    { topic: "topic", file: /^item t#/, what: /does not exist/ },
  ],
  [
    "a damaged topic object",
    ({ log, ref }) => rewrite(log, topicObjectKey(ref.topicId, 2), () => new Uint8Array(3)),
    { topic: "topic", file: /topic-0000000002\.json$/, what: /cannot be read/ },
  ],
];
