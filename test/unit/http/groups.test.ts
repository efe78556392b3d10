import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { topicPartitionsMax } from "../../../lib/base/limits.ts";
import { HttpLogService } from "../../../lib/client/http-log-service.ts";
import { createHttpApp } from "../../../lib/http/app.ts";
import { type Broker, openBroker } from "../../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import { refusalOf } from "../../support/refusal.ts";
import { BASE, jsonOf, testRuntime } from "./test-app.ts";

const { clock } = testRuntime;
let broker: Broker;
let remote: HttpLogService;
let send: (path: string, body: unknown) => Promise<Response>;

beforeEach(async () => {
  const settings = { ...defaultBrokerSettings, backgroundWork: false };
  const stores = { objects: new MemoryObjectStore(), items: new MemoryItemStore() };
  broker = await openBroker({ ...stores, runtime: testRuntime, settings });
  const app = createHttpApp({ service: broker.service, runtime: testRuntime });
  remote = new HttpLogService({ endpoint: BASE, clock, fetch: (url, init) => app.fetch(new Request(url, init)) });
  send = (path, body) => {
    const headers = { "content-type": "application/json" };
    return app.fetch(new Request(BASE + path, { method: "POST", headers, body: JSON.stringify(body) }));
  };
  await broker.service.createTopics(context(), { topics: [{ name: "t", partitions: 2 }] });
});

afterEach(() => broker.close());

function context(): RequestContext {
  const principal = { kind: "anonymous", name: "ANONYMOUS" } as const;
  return { principal, clientId: "c", deadlineMs: clock.monotonicMs() + 10_000 };
}

/** As plain data, errors by what edges tell of them. */
function plain(value: unknown): unknown {
  const replacer = (_: string, inner: unknown): unknown =>
    isLogError(inner) ? { code: inner.code, message: inner.message, details: inner.details } : inner;
  return JSON.parse(JSON.stringify(value, replacer));
}

const GROUP = "grüße/ 1";
const join = { groupId: GROUP, memberId: "m", memberEpoch: 0, sequence: 1, topics: ["t"] };

describe("groups over HTTP", () => {
  test("a member may own all partitions of the largest topic", async () => {
    await broker.service.createTopics(context(), { topics: [{ name: "wide", partitions: topicPartitionsMax }] });
    const { assignment = [], memberEpoch } = await remote.groupHeartbeat(context(), { ...join, topics: ["wide"] });
    expect(assignment[0]?.partitions).toHaveLength(topicPartitionsMax);
    const owned = assignment.map(({ topicId, partitions }) => ({ topicId, partitions }));
    const { groupId, memberId } = join;
    const confirmed = await remote.groupHeartbeat(context(), { groupId, memberId, memberEpoch, sequence: 2, owned });
    expect(confirmed.assignment).toBeUndefined();
  });

  test("a member joins, commits, is fenced and leaves", async () => {
    const joined = await remote.groupHeartbeat(context(), join);
    expect(joined).toMatchObject({ memberId: "m", memberEpoch: 1, assignment: [{ topic: "t", partitions: [0, 1] }] });
    const commit = { groupId: GROUP, memberId: "m", memberEpoch: 1, sequence: 1 };
    const partitions = [0, 1, 2].map((partition) => ({ topic: "t", partition, offset: 0, metadata: "x" }));
    const committed = await remote.commitOffsets(context(), { ...commit, partitions });
    expect(committed.partitions).toMatchObject([{ ok: true }, { ok: true }, { ok: false }]);
    const beat = { ...join, memberEpoch: 7 };
    expect(await refusalOf(() => remote.groupHeartbeat(context(), beat))).toMatchObject({ kafkaCode: 110 });
    expect((await send("/v1/group-heartbeat", beat)).status).toBe(409);
    await remote.groupHeartbeat(context(), { ...join, memberEpoch: -1, sequence: 2 });
    expect(await remote.deleteGroups(context(), { groupIds: [GROUP] })).toEqual([{ groupId: GROUP, ok: true }]);
  });

  test.each<[string, (service: LogService) => Promise<unknown>]>([
    ["listGroups", (service) => service.listGroups(context(), {})],
    ["listGroups by state", (service) => service.listGroups(context(), { states: ["empty"] })],
    ["describeGroups", (service) => service.describeGroups(context(), { groupIds: [GROUP, "none", ""] })],
    ["fetchOffsets", (service) => service.fetchOffsets(context(), { groupId: GROUP })],
    [
      "fetchOffsets of partitions",
      (service) => service.fetchOffsets(context(), { groupId: GROUP, partitions: [{ topic: "no", partition: 0 }] }),
    ],
    [
      "resetOffsets",
      (service) => service.resetOffsets(context(), { groupId: "other", to: { kind: "end" }, dryRun: true }),
    ],
    [
      "deleteOffsets",
      (service) => service.deleteOffsets(context(), { groupId: GROUP, partitions: [{ topic: "t", partition: 0 }] }),
    ],
    ["deleteGroups", (service) => service.deleteGroups(context(), { groupIds: [GROUP, "none"] })],
  ])("%s answers as the service itself does", async (_, ask) => {
    await remote.groupHeartbeat(context(), join);
    const partitions = [{ topic: "t", partition: 0, offset: 0 }];
    await remote.commitOffsets(context(), { groupId: "other", partitions });
    expect(plain(await ask(remote))).toEqual(plain(await ask(broker.service)));
  });

  test.each<[string, object, string, number, number]>([
    ["an unknown member", { ...join, memberId: "nobody", memberEpoch: 1 }, "UnknownMemberId", 25, 404],
    ["a stale epoch", { ...join, memberEpoch: 9 }, "FencedMemberEpoch", 110, 409],
    ["an unknown group", { ...join, groupId: "none", memberEpoch: 1 }, "GroupIdNotFound", 69, 404],
    ["an invalid pattern", { ...join, memberId: "n", pattern: "in.(" }, "InvalidRegularExpression", 128, 400],
    ["an instance id that is in use", { ...join, memberId: "n", instanceId: "till" }, "UnreleasedInstanceId", 111, 409],
    [
      "a place that was taken over",
      { ...join, memberId: "n", memberEpoch: 1, instanceId: "till" },
      "FencedInstanceId",
      82,
      409,
    ],
  ])("%s is refused with Kafka's code", async (_, request, code, kafkaCode, status) => {
    await remote.groupHeartbeat(context(), { ...join, instanceId: "till" });
    const refused = await refusalOf(() => remote.groupHeartbeat(context(), request as typeof join));
    expect(refused).toMatchObject({ code, kafkaCode });
    expect(refused.message.length).toBeGreaterThan(20);
    expect((await send("/v1/group-heartbeat", request)).status).toBe(status);
  });

  test.each<[string, { groupId?: string; memberId?: string; memberEpoch?: number }, object, string, number]>([
    ["of an unknown member", { memberId: "nobody" }, {}, "UnknownMemberId", 25],
    ["under a stale epoch", { memberEpoch: 1 }, {}, "StaleMemberEpoch", 113],
    ["to an unknown group", { groupId: "none" }, {}, "GroupIdNotFound", 69],
    ["for a partition not owned", {}, { topic: "u" }, "StaleMemberEpoch", 113],
    ["beyond the high watermark", {}, { offset: 1 }, "OffsetOutOfRange", 1],
  ])("a commit %s is refused with Kafka's code", async (_, who, what, code, kafkaCode) => {
    await broker.service.createTopics(context(), { topics: [{ name: "u", partitions: 1 }] });
    for (const sequence of [1, 2]) await remote.groupHeartbeat(context(), { ...join, sequence });
    const request = { groupId: GROUP, memberId: "m", memberEpoch: 2, sequence: 1, ...who };
    const partitions = [{ topic: "t", partition: 0, offset: 0, ...what }];
    const { partitions: answers } = await remote.commitOffsets(context(), { ...request, partitions });
    expect(answers).toMatchObject([{ ok: false, error: { code, kafkaCode } }]);
    const [answer] = answers;
    expect(answer?.ok === false && answer.error.message.length).toBeGreaterThan(20);
  });

  test.each([
    ["/v1/group-heartbeat", { ...join, memberEpoch: "1" }, "memberEpoch"],
    ["/v1/commit-offsets", { groupId: GROUP, partitions: [{ topic: "t", partition: 0, offset: "1" }] }, "offset"],
    ["/v1/reset-offsets", { groupId: GROUP, to: { kind: "yesterday" } }, "to"],
    ["/v1/list-groups", { state: "empty" }, "state"],
  ])("%s says which field is wrong", async (path, body, field) => {
    const answer = await send(path, body);
    expect(answer.status).toBe(400);
    expect((await jsonOf(answer)).error.message).toContain(field);
  });
});
