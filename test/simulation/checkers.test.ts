import { beforeEach, describe, expect, test } from "vitest";
import { type CommitId, newCommitId, type Stamp } from "../../lib/base/ids.ts";
import { checkProducedBatch } from "../../lib/records/check-batch.ts";
import { decodeUncompressedBatch } from "../../lib/records/decode-batch.ts";
import { placeBatch } from "../../lib/records/place-batch.ts";
import type { IndexItem } from "../../lib/storage/items/index-item.ts";
import { checkFinalLog, type FinalLog } from "./checkers/final-log.ts";
import { checkSwapped } from "./checkers/swapped-items.ts";
import { acknowledge, knownBefore } from "./clients/acknowledge.ts";
import { judgeFetched } from "./clients/reader.ts";
import { History } from "./history.ts";
import { Scheduler } from "./scheduler.ts";
import { SeededRandom } from "./seeded-random.ts";
import { encodeSentBatch, type SentBatch, type Session } from "./sent-batch.ts";
import { Trace } from "./trace.ts";

const place = { topic: "t", partition: 0 };
const session: Session = { name: "s", producerId: 7, producerEpoch: 0 };
let history: History;
let sent = 0;

beforeEach(() => {
  history = new History(new Trace(new Scheduler()), () => 0);
  sent = 0;
  history.topicCreating("t");
  history.topicOpened("t");
});

function send(options: { session?: Session; records?: number } = {}): SentBatch {
  const { records = 1 } = options;
  const name = `p/${sent}`;
  const plan = { name, records, valueBytes: 30, timestampMs: 1, session: options.session, baseSequence: sent };
  const batch: SentBatch = {
    ...place,
    name,
    client: "p",
    session: options.session,
    order: sent++,
    records,
    bytes: encodeSentBatch(plan),
    invokedAtMs: 0,
    attempts: 1,
    outcome: "pending",
    completedAtMs: undefined,
    baseOffset: undefined,
  };
  history.sent(batch);
  return batch;
}

function acknowledgedAt(batch: SentBatch, baseOffset: number): SentBatch {
  acknowledge(history, batch, baseOffset, knownBefore(history, "t", 0));
  return batch;
}

function logOf(batches: readonly (readonly [number, SentBatch])[], highWatermark: number): FinalLog {
  const stored = batches.map(([baseOffset, { bytes }]) => ({ baseOffset, bytes: placeBatch(bytes, baseOffset, 0) }));
  return { ...place, logStart: 0, highWatermark, batches: stored };
}

function broken(): string[] {
  return [...new Set(history.anomalies.map(({ promise }) => promise))];
}

describe("the final state", () => {
  test("is clean when everything acknowledged stands once, in order", () => {
    const a = acknowledgedAt(send({ session }), 0);
    const b = acknowledgedAt(send({ session }), 1);
    checkFinalLog(
      history,
      logOf(
        [
          [0, a],
          [1, b],
        ],
        2,
      ),
    );
    expect(broken()).toEqual([]);
  });

  test("an acknowledged batch that is gone breaks AckDurable", () => {
    const a = acknowledgedAt(send(), 0);
    acknowledgedAt(send(), 1);
    checkFinalLog(history, logOf([[0, a]], 1));
    expect(broken()).toEqual(["AckDurable"]);
  });

  test("a batch that stands twice breaks OnceOnly", () => {
    const a = acknowledgedAt(send(), 0);
    checkFinalLog(
      history,
      logOf(
        [
          [0, a],
          [1, a],
        ],
        2,
      ),
    );
    expect(broken()).toContain("OnceOnly");
  });

  test("a batch at another offset than acknowledged breaks OffsetUnique", () => {
    const a = send();
    const b = send();
    a.outcome = "unknown";
    acknowledgedAt(b, 0);
    checkFinalLog(
      history,
      logOf(
        [
          [0, a],
          [1, b],
        ],
        2,
      ),
    );
    expect(broken()).toContain("OffsetUnique");
  });

  test("a gap, and an end below the high watermark, break Tiling", () => {
    const a = acknowledgedAt(send(), 0);
    const b = acknowledgedAt(send(), 2);
    checkFinalLog(
      history,
      logOf(
        [
          [0, a],
          [2, b],
        ],
        4,
      ),
    );
    expect(broken()).toEqual(["Tiling"]);
    expect(history.anomalies).toHaveLength(2);
  });

  test("a refused batch that stands there, and bytes that nobody sent, break NoPhantom", () => {
    const a = send();
    history.decide(a, "refused");
    const foreign = send();
    history.decide(foreign, "unknown");
    const bytes = foreign.bytes.slice();
    bytes[70] = 1;
    checkFinalLog(
      history,
      logOf(
        [
          [0, a],
          [1, { ...foreign, bytes }],
        ],
        2,
      ),
    );
    expect(broken()).toContain("NoPhantom");
    expect(history.anomalies.length).toBeGreaterThanOrEqual(2);
  });

  test("a session out of order, or with a gap, breaks SendOrder", () => {
    const a = send({ session });
    const b = send({ session });
    const c = send({ session });
    for (const batch of [a, b, c]) history.decide(batch, "unknown");
    checkFinalLog(
      history,
      logOf(
        [
          [0, b],
          [1, a],
        ],
        2,
      ),
    );
    expect(broken()).toEqual(["SendOrder"]);
    history.anomalies.length = 0;
    checkFinalLog(
      history,
      logOf(
        [
          [0, a],
          [1, c],
        ],
        2,
      ),
    );
    expect(broken()).toEqual(["SendOrder"]);
  });

  test("an acknowledged batch of a deleted topic in the next one breaks Incarnation", () => {
    let nowMs = 0;
    history = new History(new Trace(new Scheduler()), () => nowMs);
    history.topicCreating("t");
    history.topicOpened("t");
    const old = acknowledgedAt(send(), 0);
    history.topicEnding("t");
    nowMs = 10;
    history.topicCreating("t");
    history.topicOpened("t");
    checkFinalLog(history, logOf([[0, old]], 1));
    expect(broken()).toEqual(["Incarnation"]);
  });
});

describe("an answer", () => {
  const reply = { lastStableOffset: 0, logStart: 0, abortedTransactions: [] };
  const asked = (offset: number) => ({ reader: "r", place, offset, before: knownBefore(history, "t", 0) });

  test("with an end below what somebody was told before breaks Monotone", () => {
    acknowledgedAt(send(), 0);
    judgeFetched(history, asked(1), { ...reply, highWatermark: 0, records: [] });
    expect(broken()).toEqual(["Monotone"]);
  });

  test("with an offset below what was known when the batch was sent breaks Monotone", () => {
    acknowledgedAt(send({ records: 3 }), 0);
    acknowledgedAt(send(), 1);
    expect(broken()).toEqual(["Monotone"]);
  });

  test("with nothing below the high watermark breaks AckDurable", () => {
    acknowledgedAt(send(), 0);
    judgeFetched(history, asked(0), { ...reply, highWatermark: 1, records: [] });
    expect(broken()).toEqual(["AckDurable"]);
  });

  test("with a batch past the one that is next breaks Tiling", () => {
    acknowledgedAt(send(), 0);
    const b = acknowledgedAt(send(), 1);
    judgeFetched(history, asked(0), { ...reply, highWatermark: 2, records: [placeBatch(b.bytes, 1, 0)] });
    expect(broken()).toEqual(["Tiling"]);
  });

  test("with two values for one offset breaks OffsetUnique", () => {
    acknowledgedAt(send(), 0);
    const other = send();
    judgeFetched(history, asked(0), { ...reply, highWatermark: 1, records: [placeBatch(other.bytes, 0, 0)] });
    expect(broken()).toEqual(["OffsetUnique"]);
  });
});

describe("a swap of index items", () => {
  const id = (stamp: number): CommitId => newCommitId(stamp as Stamp, new SeededRandom(1, "ids"));
  const entries = (base: number, end: number, stamp: number): IndexItem => {
    return { kind: "entries", base, end, tag: "t", entries: [{ id: id(stamp), base, packed: new Uint8Array() }] };
  };
  const segment = (end: number, stamps: readonly number[], forgotten: number): IndexItem => {
    const commits = stamps.map((stamp, at) => ({ id: id(stamp), base: at }));
    const bytes = { objectKey: "o", bytes: 0, checksum: 0, records: end, maxTimestamp: 0, marks: [] };
    return { kind: "segment", base: 0, end, tag: "u", segment: { ...bytes, commits, forgotten: forgotten as Stamp } };
  };
  const before = [entries(0, 1, 10), entries(1, 2, 20)];
  const swap = (after: IndexItem, headHorizon: number, replaced = before): void =>
    checkSwapped(history, { where: "t", inputs: 2, before: replaced, after, headHorizon });

  test("is clean when it keeps the ids above what it says is forgotten, and the horizon stands there", () => {
    swap(segment(2, [10, 20], 0), 0);
    swap(segment(2, [20], 10), 10);
    expect(broken()).toEqual([]);
  });

  test("that forgets a commit which it does not tell to be forgotten breaks OnceOnly", () => {
    swap(segment(2, [20], 9), 30);
    expect(broken()).toEqual(["OnceOnly"]);
  });

  test("that forgets commits above the horizon breaks OnceOnly", () => {
    swap(segment(2, [20], 10), 9);
    expect(broken()).toEqual(["OnceOnly"]);
  });

  test("that replaces fewer offsets than it answers for, or more, breaks Tiling", () => {
    swap(segment(2, [10, 20], 0), 0, [entries(0, 1, 10), entries(1, 3, 20)]);
    swap(segment(3, [10, 20], 0), 0, before);
    swap(segment(3, [10, 30], 0), 0, [entries(0, 1, 10), entries(2, 3, 30)]);
    expect(history.anomalies.map(({ promise }) => promise)).toEqual(["Tiling", "Tiling", "Tiling"]);
  });

  test("that takes the place of what another has replaced breaks Tiling, even if that is of the same offsets", () => {
    swap(segment(2, [10, 20], 0), 0, [segment(2, [10, 20], 0)]);
    expect(broken()).toEqual(["Tiling"]);
  });
});

test("a sent batch is one that the product takes and reads back", () => {
  const plan = { name: "p/1", records: 3, valueBytes: 300, timestampMs: 5, session, baseSequence: 9 };
  const bytes = encodeSentBatch(plan);
  const header = checkProducedBatch(bytes, { recordBytesMax: 10_000 });
  expect(header).toMatchObject({ recordCount: 3, producerId: 7, baseSequence: 9, maxTimestamp: 5 });
  const records = [...decodeUncompressedBatch(bytes, { verifyCrc: true })];
  expect(
    records.map(({ value }) =>
      Buffer.from(value ?? [])
        .toString()
        .slice(0, 6),
    ),
  ).toEqual(["p/1.0 ", "p/1.1 ", "p/1.2 "]);
});
