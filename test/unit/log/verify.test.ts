import { describe, expect, test } from "vitest";
import { rollPartition } from "../../../lib/log/roll/roll-partition.ts";
import { spill } from "../../../lib/log/spill.ts";
import { openStoreIdentity } from "../../../lib/log/store-identity.ts";
import { parseCursor } from "../../../lib/log/verify/verify-cursor.ts";
import { verifyLog } from "../../../lib/log/verify/verify-log.ts";
import {
  DAMAGES,
  flipped,
  putIndexItem,
  rewrite,
  segmentAt,
  soundLog,
  verify,
  WHOLE,
} from "../../support/log/damages.ts";
import { batchOf } from "../../support/log/records-of.ts";
import { append, TestLog } from "../../support/log/test-log.ts";
import { testCall } from "../../support/test-call.ts";

describe("a verification", () => {
  test("of a sound log finds nothing, counts everything, and changes nothing", async () => {
    const { log } = await soundLog();
    expect(await verify(log)).toEqual({
      complete: true,
      cursor: undefined,
      damageCount: 0,
      damages: [],
      checked: expect.objectContaining({ topics: 1, partitions: 1, segments: 2, entries: 3, batches: 9, records: 18 }),
      unreferenced: { segments: 0, stagedObjects: 0, stagedItems: 0 },
    });
  });

  test.each(DAMAGES)("finds %s, and says where", async (_, damage, told) => {
    const sound = await soundLog();
    await damage(sound);
    const heard: unknown[] = [];
    const { damages, damageCount } = await verify(sound.log, { onDamage: (each) => heard.push(each) });
    expect(damageCount).toBeGreaterThan(0);
    expect(heard).toEqual(damages);
    const expected = Object.fromEntries(
      Object.entries(told).map(([name, value]) => [
        name,
        value instanceof RegExp
          ? expect.stringMatching(value)
          : typeof value === "object"
            ? expect.objectContaining(value)
            : value,
      ]),
    );
    expect(damages).toContainEqual(expect.objectContaining(expected));
  });

  test("tells what nothing refers to, which is no damage", async () => {
    const sound = await soundLog();
    const { objectKey } = (await segmentAt(sound, 0)).segment;
    const bytes = (await sound.log.objects.get(objectKey, testCall)) ?? new Uint8Array();
    await sound.log.objects.put(objectKey.replace(/-[a-z0-9]+\.log$/, "-other.log"), [bytes], testCall);
    const { damageCount, unreferenced } = await verify(sound.log);
    expect({ damageCount, unreferenced }).toMatchObject({ damageCount: 0, unreferenced: { segments: 1 } });
  });

  test("that is stopped again and again goes on where it was, and finds the same in all", async () => {
    const sound = await soundLog();
    await sound.log.partition("another");
    for (const [at, value] of ["x", "y", "z"].entries()) {
      await append(sound.log.engine(), sound.ref, batchOf([value + at]));
      await spill(sound.log.engine().context, sound.ref, testCall);
    }
    const { objectKey } = (await segmentAt(sound, 6)).segment;
    await rewrite(sound.log, objectKey, (bytes) => flipped(bytes, 100));
    const whole = await verify(sound.log);
    const found = new Set<string>();
    let runs = 0;
    let records = 0;
    for (let from: string | undefined, complete = false; !complete; runs++) {
      const stop = new AbortController();
      const report = await verify(sound.log, {
        from: from === undefined ? undefined : parseCursor(from),
        signal: stop.signal,
        onProgress: () => stop.abort(),
      });
      for (const damage of report.damages) found.add(JSON.stringify(damage));
      records += report.checked.records;
      complete = report.complete;
      const { cursor } = report;
      from = cursor === undefined ? undefined : `${cursor.topicId}/${cursor.partition}/${cursor.offset}`;
    }
    expect(runs).toBeGreaterThan(1);
    expect(records).toBe(whole.checked.records);
    expect([...found]).toEqual(whole.damages.map((damage) => JSON.stringify(damage)));
  });

  test("beside a broker that rolls what is being looked at finds no damage", async () => {
    const log = new TestLog();
    await openStoreIdentity(log.engine().context, log.runtime(), testCall);
    const ref = await log.partition();
    for (let commit = 0; commit < 6; commit++) {
      await append(log.engine(), ref, batchOf([`value ${commit}`]));
      await spill(log.engine().context, ref, testCall);
    }
    let looks = 0;
    const items = {
      get: log.items.get.bind(log.items),
      getMany: log.items.getMany.bind(log.items),
      query: async (...args: Parameters<typeof log.items.query>) => {
        const page = await log.items.query(...args);
        if (args[0].pk.startsWith("p#") && looks++ === 0) {
          await rollPartition(log.engine().context, ref, WHOLE, testCall);
        }
        return page;
      },
    };
    const report = await verifyLog({ objects: log.objects, items }, { clock: log.clock });
    expect(looks).toBeGreaterThan(0);
    expect(report.damages).toEqual([]);
  });

  test("beside a collector that deletes a segment after a merge took its place finds no damage", async () => {
    const sound = await soundLog();
    const { log } = sound;
    const item = await segmentAt(sound, 6);
    const { objectKey } = item.segment;
    const bytes = (await log.objects.get(objectKey, testCall)) ?? new Uint8Array();
    let looks = 0;
    const items = {
      get: log.items.get.bind(log.items),
      getMany: log.items.getMany.bind(log.items),
      query: async (...args: Parameters<typeof log.items.query>) => {
        const page = await log.items.query(...args);
        if (args[0].pk.startsWith("p#") && looks++ === 0) {
          const replaced = objectKey.replace(/-[a-z0-9]+\.log$/, "-merged.log");
          await log.objects.put(replaced, [bytes], testCall);
          await putIndexItem(sound, { ...item, tag: "new", segment: { ...item.segment, objectKey: replaced } });
          await log.objects.delete([objectKey], testCall);
        }
        return page;
      },
    };
    const report = await verifyLog({ objects: log.objects, items }, { clock: log.clock });
    expect(looks).toBeGreaterThan(1);
    expect(report).toMatchObject({ damages: [], checked: { partitions: 1 } });
  });

  test("refuses a place that no verification has told", () => {
    for (const text of ["", "x/0/0", `${"0".repeat(32)}/0`, `${"0".repeat(32)}/-1/0`]) {
      expect(() => parseCursor(text)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
    }
  });

  test("ends with the store's error when a store fails", async () => {
    const { log } = await soundLog();
    const failing = log.engine({ objects: async () => Promise.reject(new Error("disk")) }).context;
    await expect(verifyLog(failing, { clock: log.clock })).rejects.toThrow();
  });
});
