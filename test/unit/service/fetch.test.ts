import { beforeEach, describe, expect, test } from "vitest";
import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import type { FetchPart, FetchReply } from "../../../lib/api/record-types.ts";
import type { TopicId } from "../../../lib/base/ids.ts";
import { requestPartitionsMax, serviceWaitMsMax } from "../../../lib/base/limits.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { headKey } from "../../../lib/storage/item-keys.ts";
import { HEAD } from "../../../lib/storage/items/head.ts";
import { isCommit } from "../../support/log/intercepted.ts";
import { batchOf, recordsIn } from "../../support/log/records-of.ts";
import { lostReply, settled, TestLog } from "../../support/log/test-log.ts";
import { anyone, brokerOf, codeOf, produceTo } from "../../support/log/test-service.ts";
import { refusalOf } from "../../support/refusal.ts";

let log: TestLog;
let service: LogService;

beforeEach(async () => {
  log = new TestLog();
  ({ service } = await brokerOf(log));
  await service.createTopics(anyone, { topics: [{ name: "topic", partitions: 2 }] });
});

interface Waiting {
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
}

function part(offset: number, partition = 0, topic = "topic"): FetchPart {
  return { topic, partition, offset, maxBytes: 1_000_000 };
}

function fetchOf(parts: readonly FetchPart[], waiting: Waiting = {}, context: RequestContext = anyone) {
  const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, ...waiting };
  return service.fetch(context, { ...limits, isolation: "read_uncommitted", partitions: parts });
}

function recordsOf(reply: FetchReply | undefined): string[] {
  return (reply?.partitions ?? []).flatMap((each) => (each.ok ? recordsIn(each.records) : [each.error.code]));
}

/** Whether a fetch has answered by now, with time standing still. */
function watched(fetching: Promise<FetchReply>): { reply?: FetchReply } {
  const seen: { reply?: FetchReply } = {};
  void fetching.then((reply) => {
    seen.reply = reply;
  });
  return seen;
}

/** Moves time on in small steps, so that polls happen as they would. */
async function pass(ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 50) {
    log.clock.advance(50);
    await settled();
  }
}

describe("a fetch that waits", () => {
  test("is woken at once by an append of its own broker", async () => {
    const seen = watched(fetchOf([part(0)], { maxWaitMs: 10_000 }));
    await settled();
    expect(seen.reply).toBeUndefined();
    await produceTo(service, "topic", 0, batchOf(["a"]));
    await settled();
    expect(recordsOf(seen.reply)).toEqual(["0:a"]);
  });

  test("is woken by a commit whose answer was lost, as by any other", async () => {
    const broker = await brokerOf(log, {
      items: async (passing, proceed) => {
        const answer = await proceed();
        if (isCommit(passing)) throw lostReply();
        return answer;
      },
    });
    service = broker.service;
    const seen = watched(fetchOf([part(0)], { maxWaitMs: 10_000 }));
    await settled();
    expect(codeOf(await produceTo(service, "topic", 0, batchOf(["a"])))).toBe("ok");
    await settled();
    expect(recordsOf(seen.reply)).toEqual(["0:a"]);
  });

  test("finds what another broker appends, by looking itself", async () => {
    const seen = watched(fetchOf([part(0)], { maxWaitMs: 10_000 }));
    await settled();
    await produceTo((await brokerOf(log)).service, "topic", 0, batchOf(["a"]));
    await settled();
    expect(seen.reply).toBeUndefined();
    await pass(1000);
    expect(recordsOf(seen.reply)).toEqual(["0:a"]);
  });

  test("answers with nothing once its time is over, and not before", async () => {
    const seen = watched(fetchOf([part(0)], { maxWaitMs: 2000 }));
    await pass(1900);
    expect(seen.reply).toBeUndefined();
    await pass(200);
    expect(seen.reply?.partitions).toMatchObject([{ ok: true, records: [], highWatermark: 0 }]);
  });

  test("never waits longer than the service's limit, nor than its own deadline", async () => {
    const forever = watched(fetchOf([part(0)], { maxWaitMs: 10 ** 9 }));
    const deadlineMs = log.clock.monotonicMs() + 3000;
    const hurried = watched(fetchOf([part(0)], { maxWaitMs: 10_000 }, { ...anyone, deadlineMs }));
    await pass(3000);
    expect(hurried.reply?.partitions.map(codeOf)).toEqual(["ok"]);
    await pass(serviceWaitMsMax - 3000);
    expect(forever.reply?.partitions.map(codeOf)).toEqual(["ok"]);
  });

  test("gathers until there are enough bytes, of all its partitions together", async () => {
    const bytes = batchOf(["a"]).byteLength;
    const seen = watched(fetchOf([part(0), part(0, 1)], { maxWaitMs: 10_000, minBytes: 2 * bytes }));
    await produceTo(service, "topic", 0, batchOf(["a"]));
    await settled();
    expect(seen.reply).toBeUndefined();
    await produceTo(service, "topic", 1, batchOf(["b"]));
    await settled();
    expect(recordsOf(seen.reply)).toEqual(["0:a", "0:b"]);
  });

  test("ends with what there is when its caller gives up", async () => {
    const abort = new AbortController();
    const seen = watched(fetchOf([part(0)], { maxWaitMs: 10_000 }, { ...anyone, signal: abort.signal }));
    await settled();
    abort.abort();
    await settled();
    expect(seen.reply?.partitions.map(codeOf)).toEqual(["ok"]);
  });

  test("does not wait when a part is in error, and tells it beside its neighbour's records", async () => {
    await produceTo(service, "topic", 0, batchOf(["a"]));
    const parts = [
      part(0),
      part(7),
      part(-1),
      part(0, 9),
      part(0, 0, "other"),
      part(0, 0, ""),
      part(0, 0, "x".repeat(5000)),
    ];
    const reply = await fetchOf(parts, { maxWaitMs: 10_000, minBytes: 10_000 });
    expect(reply.partitions.map(codeOf)).toEqual([
      "ok",
      "OffsetOutOfRange",
      "OffsetOutOfRange",
      "UnknownTopicOrPartition",
      "UnknownTopicOrPartition",
      "InvalidTopic",
      "InvalidTopic",
    ]);
    expect(await service.describeTopics(anyone, {})).toHaveLength(1);
  });
});

describe("a fetch", () => {
  test("may name one partition twice, at different offsets", async () => {
    for (const value of ["a", "b"]) await produceTo(service, "topic", 0, batchOf([value]));
    expect(recordsOf(await fetchOf([part(0), part(1)]))).toEqual(["0:a", "1:b", "1:b"]);
  });

  test("gives one whole batch of the first partition that has one, however few bytes it may answer with", async () => {
    for (const partition of [0, 1]) await produceTo(service, "topic", partition, batchOf(["a"]));
    for (const maxBytes of [0, 1, 10]) {
      expect(recordsOf(await fetchOf([part(0), part(0, 1)], { maxBytes }))).toEqual(["0:a"]);
      expect(recordsOf(await fetchOf([part(1), part(0, 1)], { maxBytes }))).toEqual(["0:a"]);
    }
  });

  test("checks the leader epoch that its reader believes in", async () => {
    const [created] = await service.describeTopics(anyone, { names: ["topic"] });
    const topicId = (created?.ok === true ? created.topicId : "") as TopicId;
    await log.items.update(headKey(topicId, 0), [set(HEAD.epoch, 3)], [], anyone);
    const codes = [];
    for (const currentLeaderEpoch of [undefined, -1, 2, 3, 4]) {
      const { partitions } = await fetchOf([{ ...part(0), currentLeaderEpoch }]);
      const listed = await service.listOffsets(anyone, {
        isolation: "read_uncommitted",
        partitions: [{ topic: "topic", partition: 0, timestamp: -1, currentLeaderEpoch }],
      });
      expect(codeOf(listed.partitions[0])).toBe(codeOf(partitions[0]));
      codes.push(codeOf(partitions[0]));
    }
    expect(codes).toEqual(["ok", "ok", "FencedLeaderEpoch", "ok", "UnknownLeaderEpoch"]);
  });

  test.each([
    ["negative waiting time", { maxWaitMs: -1 }],
    ["a size that is no number", { maxBytes: Number.NaN }],
    ["negative bytes", { minBytes: -5 }],
  ])("with %s is refused", async (_what, waiting) => {
    expect((await refusalOf(() => fetchOf([part(0)], waiting))).code).toBe("InvalidFetchSize");
  });

  test("that names too many partitions is refused", async () => {
    const parts = Array.from({ length: requestPartitionsMax + 1 }, () => part(0));
    expect((await refusalOf(() => fetchOf(parts))).code).toBe("InvalidRequest");
  });
});

describe("listed offsets", () => {
  test("are the log's ends for -2 and -1, the newest record for -3, and -1 where there is none", async () => {
    const ask = async (timestamp: number) => {
      const partitions = [{ topic: "topic", partition: 0, timestamp }];
      const reply = await service.listOffsets(anyone, { isolation: "read_uncommitted", partitions });
      const [listed] = reply.partitions;
      return listed?.ok === true ? listed.offset : codeOf(listed);
    };
    expect(await Promise.all([-2, -1, -3, 500].map(ask))).toEqual([0, 0, -1, -1]);
    for (const [value, time] of [
      ["a", 10],
      ["b", 30],
      ["c", 20],
    ] as const) {
      await produceTo(service, "topic", 0, batchOf([value], undefined, time));
    }
    expect(await Promise.all([-2, -1, -3, 15, 31, 0].map(ask))).toEqual([0, 3, 1, 1, -1, 0]);
    expect(await Promise.all([-4, 0.5, Number.NaN].map(ask))).toEqual(Array(3).fill("InvalidRequest"));
  });
});

describe("a produce", () => {
  test("whose store does not answer ends at the service's limit, and says that it may have happened", async () => {
    let stuck = false;
    const broker = await brokerOf(log, {
      items: (passing, proceed) => (stuck && passing.operation === "update" ? new Promise(() => undefined) : proceed()),
    });
    stuck = true;
    let answer: Awaited<ReturnType<typeof produceTo>>;
    void produceTo(broker.service, "topic", 0, batchOf(["a"])).then((result) => {
      answer = result;
    });
    await pass(serviceWaitMsMax + 100);
    expect(answer).toMatchObject({ ok: false, error: { code: "RequestTimedOut", effect: "unknown" } });
  });
});
