import fc from "fast-check";
import type { BrokerId, CommitId, Stamp, TopicId } from "../../../lib/base/ids.ts";
import type { Item } from "../../../lib/storage/item-value.ts";
import { decodeControl, newControl } from "../../../lib/storage/items/control.ts";
import { decodeEntry, type Entry, encodeEntry } from "../../../lib/storage/items/entry.ts";
import { decodeHead, newHead } from "../../../lib/storage/items/head.ts";
import { decodeIdleProducer, encodeIdleProducer } from "../../../lib/storage/items/idle-producer.ts";
import { decodeIndexItem, encodeIndexItem, type IndexItem } from "../../../lib/storage/items/index-item.ts";
import { decodeMaintenancePlace, encodeMaintenancePlace } from "../../../lib/storage/items/maintenance-place.ts";
import {
  decodeProducerState,
  encodeProducerState,
  type ProducerState,
} from "../../../lib/storage/items/producer-state.ts";
import { decodeRestoreMark, encodeRestoreMark } from "../../../lib/storage/items/restore.ts";
import { decodeStagedItem, encodeStagedItem, type StagedItem } from "../../../lib/storage/items/staged-item.ts";
import { decodeStoreIdentity, encodeStoreIdentity, type StoreIdentity } from "../../../lib/storage/items/store.ts";
import {
  decodeTopic,
  decodeTopicName,
  encodeTopic,
  encodeTopicName,
  type Topic,
} from "../../../lib/storage/items/topic.ts";

const whole = fc.oneof(
  fc.nat(300),
  fc.nat(),
  fc.maxSafeNat().map((value) => Math.floor(value / 4)),
);
const small = fc.nat(70_000);
const name = fc.string({ maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 60 });
const stamp = fc.nat(2 ** 31 - 1).map((value) => value as Stamp);
const topicId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString("hex") as TopicId);
const commitId = fc.string({ minLength: 21, maxLength: 21 }).map((id) => id as CommitId);
/** Times, -1 included, which says that there is none. */
const time = fc.oneof(fc.constant(-1), whole);

const entry: fc.Arbitrary<Entry> = fc
  .record({
    epoch: small,
    maxTimestamp: time,
    batches: fc.array(
      fc.record({
        skippedBytes: small,
        bytes: small,
        records: small,
        producer: fc.option(fc.record({ id: whole, epoch: small, baseSequence: fc.nat() }), { nil: undefined }),
      }),
      { maxLength: 6 },
    ),
    source: fc.oneof(
      fc.record({ kind: fc.constant("inline" as const), bytes }),
      fc.record({ kind: fc.constant("item" as const), name }),
      fc.record({
        kind: fc.constant("object" as const),
        object: fc.record({ stamp, brokerId: name.map((id) => id as BrokerId), sequence: small }),
        position: whole,
      }),
    ),
  })
  .map((each) => ({ ...each, records: each.batches.reduce((sum, { records }) => sum + records, 0) }));

const producerState: fc.Arbitrary<ProducerState> = fc.record({
  epoch: small,
  lastSequence: fc.nat(),
  stamp,
  batches: fc.array(fc.record({ records: small, offset: whole, exact: fc.boolean() }), { maxLength: 5 }),
});

const marks = fc
  .array(fc.record({ offset: small, position: small, maxTimestampBefore: time }), { maxLength: 5 })
  .map((steps) => {
    let offset = 0;
    let position = 0;
    return steps.map((step) => {
      offset += step.offset;
      position += step.position;
      return { ...step, offset, position };
    });
  });

const segment = {
  objectKey: name,
  bytes: whole,
  checksum: small,
  records: small,
  maxTimestamp: time,
  marks,
  commits: fc.array(fc.record({ id: commitId, base: whole }), { maxLength: 5 }),
  forgotten: stamp,
};

const range = { base: whole, end: whole, tag: name };
const indexItem: fc.Arbitrary<IndexItem> = fc.oneof(
  fc.record({ ...range, kind: fc.constant("void" as const) }),
  fc.record({
    ...range,
    kind: fc.constant("entries" as const),
    entries: fc.array(fc.record({ id: commitId, base: whole, packed: bytes }), { maxLength: 5 }),
  }),
  fc.record({
    ...range,
    kind: fc.constant("segment" as const),
    segment: fc.oneof(fc.record(segment), fc.record({ ...segment, merges: fc.integer({ min: 1, max: 9 }) })),
  }),
);

const topic: fc.Arbitrary<Topic> = fc.record({
  topicId,
  name,
  partitions: small,
  configs: fc.dictionary(fc.constantFrom("max.message.bytes", "retention.ms"), name, { noNullPrototype: true }),
  state: fc.constantFrom("creating" as const, "open" as const, "deleting" as const),
  version: small,
});
const changingTopic: fc.Arbitrary<Topic> = fc
  .tuple(topic, topic)
  .map(([changing, { partitions, configs }]) => ({ ...changing, pending: { partitions, configs } }));
const storeIdentity: fc.Arbitrary<StoreIdentity> = fc.record({ incarnation: name, format: small });
const stagedItem: fc.Arbitrary<StagedItem> = fc.record({ topicId: name, partition: small, bytes });

/** One codec: what it takes, how it is written and read. */
export interface CodecCase<Value, Stored> {
  readonly name: string;
  readonly values: fc.Arbitrary<Value>;
  encode(value: Value): Stored;
  decode(stored: Stored): unknown;
}

function codec<Value, Stored>(each: CodecCase<Value, Stored>): CodecCase<unknown, Stored> {
  return each as CodecCase<unknown, Stored>;
}

/** Codecs of values packed into bytes. */
export const packedCodecs: readonly CodecCase<unknown, Uint8Array>[] = [
  codec({ name: "entry", values: entry, encode: encodeEntry, decode: decodeEntry }),
  codec({ name: "producer-state", values: producerState, encode: encodeProducerState, decode: decodeProducerState }),
];

/** Codecs of whole items, from what they hold. */
export const itemCodecs: readonly CodecCase<unknown, Item>[] = [
  codec({ name: "index-item", values: indexItem, encode: encodeIndexItem, decode: decodeIndexItem }),
  codec({ name: "topic", values: fc.oneof(topic, changingTopic), encode: encodeTopic, decode: decodeTopic }),
  codec({ name: "topic-name", values: topicId, encode: encodeTopicName, decode: decodeTopicName }),
  codec({ name: "store", values: storeIdentity, encode: encodeStoreIdentity, decode: decodeStoreIdentity }),
  codec({ name: "maintenance-place", values: name, encode: encodeMaintenancePlace, decode: decodeMaintenancePlace }),
  codec({ name: "staged-item", values: stagedItem, encode: encodeStagedItem, decode: decodeStagedItem }),
  codec({ name: "idle-producer", values: bytes, encode: encodeIdleProducer, decode: decodeIdleProducer }),
];

const sampleTopicId = "00112233445566778899aabbccddeeff" as TopicId;
const sampleCommit = "0lq4abcde0123456789ab" as CommitId;

const sampleBatches: Entry["batches"] = [
  { skippedBytes: 0, bytes: 80, records: 2, producer: undefined },
  { skippedBytes: 300, bytes: 20_000, records: 1000, producer: { id: 1234, epoch: 3, baseSequence: 2 ** 31 - 1 } },
];
const sampleState: ProducerState = {
  epoch: 2,
  lastSequence: 70_000,
  stamp: 1_700_000_000_000 as Stamp,
  batches: [
    { records: 5, offset: 1_000_000, exact: true },
    { records: 1, offset: 999_000, exact: false },
  ],
};

function sampleEntry(source: Entry["source"]): Uint8Array {
  return encodeEntry({ epoch: 7, records: 1002, maxTimestamp: 1_700_000_000_123, batches: sampleBatches, source });
}

/** One of each persisted format, for the golden files: a change here or there is a change of what is stored. */
export const samples: Readonly<Record<string, { readonly stored: Uint8Array | Item; decode(): unknown }>> = {
  "entry-inline": packedSample(sampleEntry({ kind: "inline", bytes: Uint8Array.of(1, 2, 255) }), decodeEntry),
  "entry-item": packedSample(sampleEntry({ kind: "item", name: "001700000000000-abc" }), decodeEntry),
  "entry-object": packedSample(
    sampleEntry({
      kind: "object",
      object: { stamp: 1_700_000_000_000 as Stamp, brokerId: "0123456789" as BrokerId, sequence: 9 },
      position: 123_456,
    }),
    decodeEntry,
  ),
  "producer-state": packedSample(encodeProducerState(sampleState), decodeProducerState),
  "idle-producer": itemSample(encodeIdleProducer(encodeProducerState(sampleState)), decodeIdleProducer),
  head: itemSample(
    {
      ...newHead(sampleTopicId),
      tail: { [sampleCommit]: sampleEntry({ kind: "item", name: "n" }) },
      bases: { [sampleCommit]: 12 },
      producers: { "1234": encodeProducerState(sampleState) },
    },
    decodeHead,
  ),
  control: itemSample(newControl(sampleTopicId), decodeControl),
  "control-worked-on": itemSample(
    { ...newControl(sampleTopicId), cleanedEnd: 70, tombstonesDueMs: 1_700_000_000_000, passedOver: [7, 900] },
    decodeControl,
  ),
  "index-void": itemSample(encodeIndexItem({ kind: "void", base: 5, end: 9, tag: "t" }), decodeIndexItem),
  "index-entries": itemSample(
    encodeIndexItem({
      kind: "entries",
      base: 5,
      end: 9,
      tag: "t",
      entries: [{ id: sampleCommit, base: 5, packed: Uint8Array.of(1, 2) }],
    }),
    decodeIndexItem,
  ),
  "index-segment": itemSample(
    encodeIndexItem({
      kind: "segment",
      base: 5,
      end: 9,
      tag: "t",
      segment: {
        objectKey: "topics/x/0/y.log",
        bytes: 1000,
        checksum: 0xdeadbeef,
        records: 4,
        maxTimestamp: 1_700_000_000_000,
        marks: [
          { offset: 5, position: 0, maxTimestampBefore: -1 },
          { offset: 7, position: 600, maxTimestampBefore: 1_600_000_000_000 },
        ],
        commits: [{ id: sampleCommit, base: 5 }],
        forgotten: 1_600_000_000_000 as Stamp,
      },
    }),
    decodeIndexItem,
  ),
  topic: itemSample(
    encodeTopic({
      topicId: sampleTopicId,
      name: "orders",
      partitions: 3,
      configs: { "max.message.bytes": "1000" },
      state: "open",
      version: 2,
    }),
    decodeTopic,
  ),
  "topic-creating": itemSample(
    encodeTopic({
      topicId: sampleTopicId,
      name: "orders",
      partitions: 3,
      configs: {},
      state: "creating",
      version: 1,
      createdAtMs: 1_700_000_000_000,
    }),
    decodeTopic,
  ),
  "topic-changing": itemSample(
    encodeTopic({
      topicId: sampleTopicId,
      name: "orders",
      partitions: 3,
      configs: {},
      state: "open",
      version: 2,
      pending: { partitions: 6, configs: { "retention.ms": "1000" } },
    }),
    decodeTopic,
  ),
  "topic-name": itemSample(encodeTopicName(sampleTopicId), decodeTopicName),
  restore: itemSample(encodeRestoreMark({ incarnation: "abc", generation: 3 }), decodeRestoreMark),
  store: itemSample(encodeStoreIdentity({ incarnation: "abc", format: 1 }), decodeStoreIdentity),
  "maintenance-place": itemSample(encodeMaintenancePlace("orders/3"), decodeMaintenancePlace),
  "staged-item": itemSample(
    encodeStagedItem({ topicId: sampleTopicId, partition: 4, bytes: Uint8Array.of(9) }),
    decodeStagedItem,
  ),
};

function packedSample(stored: Uint8Array, decode: (stored: Uint8Array) => unknown) {
  return { stored, decode: () => decode(stored) };
}

function itemSample(stored: Item, decode: (stored: Item) => unknown) {
  return { stored, decode: () => decode(stored) };
}
