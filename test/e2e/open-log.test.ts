import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogError } from "../../lib/client/index.ts";
import { openLog } from "../../lib/local/engine.ts";
import { refusalOf } from "../support/refusal.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

describe("a log inside the process", () => {
  test("in memory: what was published can be read", async () => {
    await using log = await openLog({ memory: true });
    await log.publish("orders", [{ value: "one" }, { value: "two" }]);
    const consumer = log.consumer();
    consumer.assign([{ topic: "orders", partition: 0, from: "beginning" }]);
    const records = await consumer.poll({ maxRecords: 10, timeoutMs: 5000 });
    expect(records.map((record) => record.text())).toEqual(["one", "two"]);
  });

  test("two logs in memory know nothing of each other", async () => {
    await using first = await openLog({ memory: true });
    await using second = await openLog({ memory: true, autoCreateTopics: false });
    await first.publish("orders", { value: "x" });
    expect((await refusalOf(() => second.publish("orders", { value: "x" }))).code).toBe("UnknownTopicOrPartition");
  });

  test("in a directory: offsets go on where the last process ended", async () => {
    for (const offset of [0, 1]) {
      await using log = await openLog({ dataDir: directory.path });
      expect(await log.publish("orders", { value: `v${offset}` })).toMatchObject({ topic: "orders", offset });
    }
  });

  test("a directory is one log's alone, until that is closed", async () => {
    const first = await openLog({ dataDir: directory.path });
    const refusal = await refusalOf(() => openLog({ dataDir: directory.path }));
    expect(refusal).toBeInstanceOf(LogError);
    expect(refusal.code).toBe("StoreLocked");
    await first.close();
    await (await openLog({ dataDir: directory.path })).close();
  });

  test("a wrong setting is refused, and leaves the directory free", async () => {
    const wrong = { dataDir: directory.path, topicDefaults: { "no.such": "1" } };
    expect((await refusalOf(() => openLog(wrong))).code).toBe("InvalidConfig");
    await (await openLog({ dataDir: directory.path })).close();
  });
});
