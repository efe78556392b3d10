import { describe, expect, test } from "vitest";
import { type CommitId, commitStamp, newCommitId, type Stamp, type TopicId } from "../../../lib/base/ids.ts";
import { systemRandom } from "../../../lib/base/random.ts";
import type { PendingBatch } from "../../../lib/log/append/pending-batch.ts";
import { planCommit } from "../../../lib/log/append/plan-commit.ts";
import type { Staged } from "../../../lib/log/append/stage.ts";
import { embeddedLogSettings } from "../../../lib/log/log-settings.ts";
import { PartitionView } from "../../../lib/log/partition-view.ts";
import { readBatchHeader } from "../../../lib/records/batch-header.ts";
import type { Condition } from "../../../lib/storage/item-change.ts";
import { decodeEntry, type Entry } from "../../../lib/storage/items/entry.ts";
import { decodeHead, HEAD, newHead } from "../../../lib/storage/items/head.ts";
import { encodeProducerState } from "../../../lib/storage/items/producer-state.ts";
import { batchOf, producerOf } from "../../support/log/records-of.ts";
import { testCall } from "../../support/test-call.ts";

const topicId = "00112233445566778899aabbccddeeff" as TopicId;
const id: CommitId = newCommitId(5000 as Stamp, systemRandom);
const object: Staged = {
  kind: "object",
  object: { stamp: 4000 as Stamp, brokerId: "b" as never, sequence: 0 },
  position: 50,
  stamp: 4000 as Stamp,
};

/** Producer 7 is at sequence 4 of epoch 2, in the head; of producer 8 nothing is known anywhere. */
const stored = encodeProducerState({
  epoch: 2,
  lastSequence: 4,
  stamp: 1 as Stamp,
  batches: [{ records: 5, offset: 10, exact: true }],
});

function viewOfHead(): PartitionView {
  const head = { ...newHead(topicId), next: 100, epoch: 3, spills: 6, producers: { "7": stored }, producerCount: 1 };
  const view = new PartitionView(decodeHead(head));
  view.learnOutside(8, undefined);
  return view;
}

function pending(bytes: Uint8Array): PendingBatch {
  const nothing = (): void => undefined;
  const header = readBatchHeader(bytes);
  return { bytes, header, call: testCall, gapSinceMs: undefined, settle: nothing, fail: nothing };
}

function planOf(batches: readonly PendingBatch[], staged: Staged = object, dropped: readonly PendingBatch[] = []) {
  return planCommit({
    ref: { topicId, partition: 0 },
    view: viewOfHead(),
    batches,
    dropped: new Set(dropped),
    staged,
    id,
    tail: embeddedLogSettings.tail,
    producersHardMax: 512,
  });
}

function entryOf(plan: ReturnType<typeof planOf>): Entry | undefined {
  const change = plan.commit?.changes.find(({ kind, path }) => kind === "set" && path[0] === "tail");
  return change?.kind === "set" && change.value instanceof Uint8Array ? decodeEntry(change.value) : undefined;
}

function conditionsAt(conditions: readonly Condition[] | undefined, name: string): readonly Condition[] {
  return (conditions ?? []).filter((condition) => "path" in condition && condition.path[0] === name);
}

const plain = pending(batchOf(["a", "b"]));
const fenced = pending(batchOf(["fenced"], producerOf(7, 5, 1)));
const following = pending(batchOf(["c"], producerOf(7, 5, 2)));
const gapped = pending(batchOf(["gap"], producerOf(7, 9, 2)));
const again = pending(batchOf(["1", "2", "3", "4", "5"], producerOf(7, 0, 2)));
const fresh = pending(batchOf(["d"], producerOf(8, 0)));

describe("the plan of a commit", () => {
  test("takes what may be taken, and tells each other batch its own fate", () => {
    const plan = planOf([fenced, plain, gapped, again, following, fresh]);
    expect(plan.commit?.batches.map(({ batch, delta }) => [batch, delta])).toEqual([
      [plain, 0],
      [following, 2],
      [fresh, 3],
    ]);
    expect(plan.refused).toMatchObject([{ batch: fenced, error: { code: "InvalidProducerEpoch" } }]);
    expect(plan.gaps).toMatchObject([{ batch: gapped, error: { code: "OutOfOrderSequence" } }]);
    expect(plan.duplicates).toMatchObject([{ batch: again, earlier: { offset: 10, exact: true } }]);
  });

  test("passes over the staged bytes of batches that are not committed, in their places", () => {
    const entry = entryOf(planOf([fenced, plain, gapped, again, following, fresh], object, [fresh]));
    const sizes = [fenced, plain, gapped, again, following].map(({ bytes }) => bytes.byteLength);
    expect(entry?.batches).toMatchObject([
      { skippedBytes: sizes[0], bytes: sizes[1], records: 2, producer: undefined },
      {
        skippedBytes: (sizes[2] ?? 0) + (sizes[3] ?? 0),
        bytes: sizes[4],
        records: 1,
        producer: { id: 7, epoch: 2, baseSequence: 5 },
      },
    ]);
    expect(entry).toMatchObject({ epoch: 3, records: 3, source: { kind: "object", position: 50 } });
  });

  test("puts only what is committed into the head itself: nothing is passed over there", () => {
    const entry = entryOf(planOf([fenced, plain, following], { kind: "inline" }));
    expect(entry?.batches.map(({ skippedBytes }) => skippedBytes)).toEqual([0, 0]);
    const bytes = new Uint8Array([...plain.bytes, ...following.bytes]);
    expect(entry?.source).toEqual({ kind: "inline", bytes });
  });

  test("demands the head, the epoch and the room that it was made for, and that its id is new", () => {
    const { conditions } = planOf([plain]).commit ?? {};
    expect(conditions).toEqual(
      expect.arrayContaining([
        { kind: "equal", path: HEAD.topicId, value: topicId },
        { kind: "equal", path: HEAD.state, value: "open" },
        { kind: "equal", path: HEAD.epoch, value: 3 },
        { kind: "absent", path: HEAD.entry(id) },
        { kind: "less", path: HEAD.tailCount, value: embeddedLogSettings.tail.entriesHardMax },
        { kind: "less", path: HEAD.tailBytes, value: embeddedLogSettings.tail.bytesHardMax },
      ]),
    );
  });

  test("demands a horizon below every stamp involved: the id's, and that of the staged bytes", () => {
    const horizonOf = (staged: Staged) => conditionsAt(planOf([plain], staged).commit?.conditions, "horizon");
    expect(horizonOf(object)).toEqual([{ kind: "less", path: HEAD.horizon, value: 4000 }]);
    expect(horizonOf({ ...object, stamp: 9000 as Stamp })).toMatchObject([{ value: commitStamp(id) }]);
    expect(horizonOf({ kind: "inline" })).toMatchObject([{ value: commitStamp(id) }]);
  });

  test("demands of a producer in the head that its value is what was read, and touches no other", () => {
    const { conditions, changes } = planOf([following]).commit ?? {};
    expect(conditionsAt(conditions, "producers")).toEqual([{ kind: "equal", path: HEAD.producer(7), value: stored }]);
    expect(conditionsAt(conditions, "spills")).toEqual([]);
    expect(changes?.filter(({ path }) => path[0] === "producerCount")).toEqual([]);
  });

  test("demands of a producer that comes in that it is not there, that none was moved out, and that there is room", () => {
    const { conditions, changes } = planOf([fresh]).commit ?? {};
    expect(conditionsAt(conditions, "producers")).toEqual([{ kind: "absent", path: HEAD.producer(8) }]);
    expect(conditionsAt(conditions, "spills")).toEqual([{ kind: "equal", path: HEAD.spills, value: 6 }]);
    expect(conditionsAt(conditions, "producerCount")).toEqual([{ kind: "less", path: HEAD.producerCount, value: 512 }]);
    expect(changes).toContainEqual({ kind: "add", path: HEAD.producerCount, by: 1 });
  });

  test("is none when nothing can be committed", () => {
    expect(planOf([fenced, gapped, again]).commit).toBeUndefined();
    expect(planOf([plain], object, [plain])).toEqual({ commit: undefined, duplicates: [], refused: [], gaps: [] });
  });

  test("knows a batch again that comes twice in one group", () => {
    const plan = planOf([fresh, pending(fresh.bytes)]);
    expect(plan.commit?.batches).toHaveLength(1);
    expect(plan.duplicates).toMatchObject([{ earlier: { offset: 100, exact: false } }]);
  });
});
