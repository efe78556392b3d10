import { describe, expect, test } from "vitest";
import type { LogService } from "../../../lib/api/log-service.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { readHead } from "../../../lib/log/read-head.ts";
import { growTopic } from "../../../lib/log/topics/change-topic.ts";
import { createTopic } from "../../../lib/log/topics/create-topic.ts";
import { deleteTopic } from "../../../lib/log/topics/delete-topic.ts";
import { type Intercept, isCommit } from "../../support/log/intercepted.ts";
import { batchOf } from "../../support/log/records-of.ts";
import { append, gate, lostReply, settled, TestLog } from "../../support/log/test-log.ts";
import { anyone, brokerOf, codeOf, contentOf, produceTo } from "../../support/log/test-service.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testCall } from "../../support/test-call.ts";

const wanted = { name: "topic", partitions: 2, configs: {} };
const isWrite = (operation: string): boolean => operation === "update" || operation === "transact";

/** Loses the answer of the nth write, before or after its effect. */
function losing(nth: number, side: "before" | "after"): Intercept {
  let writes = 0;
  return async ({ operation }, proceed) => {
    if (!isWrite(operation) || writes++ !== nth) return proceed();
    if (side === "after") await proceed();
    throw lostReply();
  };
}

async function partitionsOf(service: LogService): Promise<number> {
  const [described] = await service.describeTopics(anyone, { names: ["topic"] });
  return described?.ok === true ? described.partitions : -1;
}

describe.each(["before", "after"] as const)("a lost answer, %s its effect,", (side) => {
  test.each([0, 1, 2, 3])("to write %i does not stop a creation, and the topic works", async (nth) => {
    const log = new TestLog();
    await createTopic(log.engine({ items: losing(nth, side) }).context, wanted, testCall);
    const { service } = await brokerOf(log);
    expect(codeOf(await produceTo(service, "topic", 1, batchOf(["a"])))).toBe("ok");
    expect(await partitionsOf(service)).toBe(2);
  });

  test.each([0, 1, 2])("to write %i does not stop a growth", async (nth) => {
    const log = new TestLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    await growTopic(log.engine({ items: losing(nth, side) }).context, topic, 5, testCall);
    const { service } = await brokerOf(log);
    expect(await partitionsOf(service)).toBe(5);
    expect(codeOf(await produceTo(service, "topic", 4, batchOf(["a"])))).toBe("ok");
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])("to write %i does not stop a deletion", async (nth) => {
    const log = new TestLog();
    const { topicId } = await createTopic(log.engine().context, wanted, testCall);
    await deleteTopic(log.engine({ items: losing(nth, side) }).context, "topic", testCall);
    for (const partition of [0, 1]) {
      const error = await refusalOf(() => readHead(log.engine().context, { topicId, partition }, testCall));
      expect(error.code).toBe("UnknownTopicOrPartition");
    }
    await createTopic(log.engine().context, wanted, testCall);
  });
});

describe("a topic", () => {
  test("that two brokers create at once is created by one of them, and both use that one", async () => {
    const log = new TestLog();
    const ready = [gate(), gate()] as const;
    const creating = (own: 0 | 1) =>
      createTopic(
        log.engine({
          items: async ({ operation, args }, proceed) => {
            const opens = operation === "transact" && JSON.stringify(args[0]).includes("topic-names");
            if (opens) ready[own].open();
            if (opens) await Promise.all(ready.map(({ opened }) => opened));
            return proceed();
          },
        }).context,
        wanted,
        testCall,
      );
    const both = await Promise.allSettled([creating(0), creating(1)]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [lost] = both.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(isLogError(lost, "TopicAlreadyExists")).toBe(true);
  });

  test("that two brokers miss at once is created once, and takes the records of both", async () => {
    const log = new TestLog();
    const brokers = await Promise.all([brokerOf(log), brokerOf(log)]);
    const answers = await Promise.all(
      brokers.map(({ service }, at) => produceTo(service, "topic", 0, batchOf([`${at}`]))),
    );
    expect(answers.map(codeOf)).toEqual(["ok", "ok"]);
    expect((await contentOf(brokers[0].service, "topic")).map((record) => record.slice(2)).sort()).toEqual(["0", "1"]);
  });

  test("grows while it is produced to, and another broker finds the new partitions", async () => {
    const log = new TestLog();
    const settings = { autoCreateTopics: false };
    const [one, other] = [(await brokerOf(log, { settings })).service, (await brokerOf(log, { settings })).service];
    await one.createTopics(anyone, { topics: [{ name: "topic", partitions: 1 }] });
    await produceTo(other, "topic", 0, batchOf(["a"]));
    const growing = one.createPartitions(anyone, { topics: [{ name: "topic", totalCount: 3 }] });
    const during = await Promise.all([0, 1, 2].map(() => produceTo(other, "topic", 0, batchOf(["b"]))));
    expect((await growing).map(({ ok }) => ok)).toEqual([true]);
    expect(during.map(codeOf)).toEqual(["ok", "ok", "ok"]);
    expect(codeOf(await produceTo(other, "topic", 2, batchOf(["c"])))).toBe("ok");
    expect(await contentOf(other, "topic", 0)).toHaveLength(4);
    const again = await one.createPartitions(anyone, { topics: [{ name: "topic", totalCount: 3 }] });
    expect(again).toMatchObject([{ ok: false, error: { code: "InvalidPartitions" } }]);
  });

  test("that was deleted and created again starts at 0 for every broker, and shows nothing of the old one", async () => {
    const log = new TestLog();
    const settings = { autoCreateTopics: false };
    const [one, other] = [(await brokerOf(log, { settings })).service, (await brokerOf(log, { settings })).service];
    await one.createTopics(anyone, { topics: [{ name: "topic" }] });
    for (const value of ["old 0", "old 1"]) await produceTo(other, "topic", 0, batchOf([value]));
    await one.deleteTopics(anyone, { names: ["topic"] });
    expect(codeOf(await produceTo(other, "topic", 0, batchOf(["lost"])))).toBe("UnknownTopicOrPartition");
    expect(await contentOf(other, "topic")).toEqual(["UnknownTopicOrPartition"]);
    await one.createTopics(anyone, { topics: [{ name: "topic" }] });
    expect(await produceTo(other, "topic", 0, batchOf(["new"]))).toMatchObject({ ok: true, baseOffset: 0 });
    for (const service of [one, other]) expect(await contentOf(service, "topic")).toEqual(["0:new"]);
  });

  test("that was deleted while it grew gets no partitions back from the late attempt", async () => {
    const log = new TestLog();
    const topic = await createTopic(log.engine().context, wanted, testCall);
    let late: (() => Promise<unknown>) | undefined;
    const growing = log.engine({
      items: (passing, proceed) => {
        if (passing.operation !== "transact") return proceed();
        late = proceed;
        return new Promise(() => undefined);
      },
    });
    void growTopic(growing.context, topic, 4, testCall);
    await settled();
    await deleteTopic(log.engine().context, "topic", testCall);
    expect(await late?.()).toMatchObject({ ok: false });
  });

  test("that is deleted while a commit is on its way does not get it, nor does its successor", async () => {
    const log = new TestLog();
    const ref = await log.partition();
    let late: (() => Promise<unknown>) | undefined;
    const engine = log.engine({
      items: (passing, proceed) => {
        if (!isCommit(passing) || late !== undefined) return proceed();
        late = proceed;
        return new Promise(() => undefined);
      },
    });
    append(engine, ref, batchOf(["late"])).catch(() => undefined);
    await settled();
    await deleteTopic(log.engine().context, "topic", testCall);
    await createTopic(log.engine().context, wanted, testCall);
    expect(await late?.()).toMatchObject({ ok: false });
    expect(await contentOf((await brokerOf(log)).service, "topic")).toEqual([]);
    const error = await refusalOf(() => append(log.engine(), ref, batchOf(["later"])));
    expect(error).toMatchObject({ code: "UnknownTopicOrPartition", effect: "none" });
  });
});
