import { describe, expect, test } from "vitest";
import { add, itemAbsent, set, setFrom } from "../../lib/storage/item-change.ts";
import type { ItemStore } from "../../lib/storage/item-store.ts";
import type { Item } from "../../lib/storage/item-value.ts";
import { testCall } from "../support/test-call.ts";

const key = { pk: "log/1", sk: "head" };

/** Part of the item store's suite: reads, and what concurrent operations see of each other. */
export function itemReadSuite(current: () => ItemStore): void {
  const write = (item: Item, sk = key.sk, pk = key.pk) =>
    current().transact([{ kind: "put", key: { pk, sk }, item, conditions: [] }], testCall);
  const read = (sk = key.sk) => current().get({ pk: key.pk, sk }, testCall);

  describe("reads", () => {
    test("getMany answers in the order of its keys, with undefined for absent ones", async () => {
      await write({ n: 1 }, "a");
      await write({ n: 2 }, "b");
      const keys = ["b", "none", "a", "b"].map((sk) => ({ pk: key.pk, sk }));
      expect(await current().getMany(keys, testCall)).toEqual([{ n: 2 }, undefined, { n: 1 }, { n: 2 }]);
      expect(await current().getMany([], testCall)).toEqual([]);
      expect(await current().getMany(keys, testCall, { consistent: false })).toHaveLength(4);
      await expect(
        current().getMany(
          Array.from({ length: 101 }, () => key),
          testCall,
        ),
      ).rejects.toMatchObject({ code: "InvalidRequest" });
    });

    test("query walks one partition's sort keys in order of UTF-8 bytes, within bounds, either way", async () => {
      const sks = ["a", "b", "b\u0000", "ba", "é", "\uffee", "\u{1f600}"];
      for (const sk of [...sks].reverse()) await write({ sk_: sk }, sk);
      await write({}, "b", "log/2");
      const query = async (options: object) =>
        (await current().query({ pk: key.pk, ...options }, testCall)).items.map((found) => found.key.sk);
      expect(await query({})).toEqual(sks);
      expect(await query({ reverse: true })).toEqual([...sks].reverse());
      expect(await query({ from: "b", to: "ba" })).toEqual(["b", "b\u0000", "ba"]);
      expect(await query({ from: "aa", to: "az" })).toEqual([]);
      expect(await query({ from: "c", to: "b" })).toEqual([]);
      expect(await query({ to: "b~", reverse: true, limit: 1 })).toEqual(["ba"]);
      expect((await current().query({ pk: "none" }, testCall)).items).toEqual([]);
    });

    test("query says whether more match, and goes on from behind the last", async () => {
      for (let at = 0; at < 7; at++) await write({ at }, `k${at}`);
      const page = await current().query({ pk: key.pk, limit: 3 }, testCall);
      expect(page).toEqual({
        items: [0, 1, 2].map((at) => ({ key: { pk: key.pk, sk: `k${at}` }, item: { at } })),
        more: true,
      });
      expect((await current().query({ pk: key.pk, limit: 7 }, testCall)).more).toBe(false);
      expect((await current().query({ pk: key.pk, from: "k3", limit: 3, reverse: true }, testCall)).more).toBe(true);
      for (const limit of [0, 1001, 2.5]) {
        await expect(current().query({ pk: key.pk, limit }, testCall)).rejects.toMatchObject({
          code: "InvalidRequest",
        });
      }
    });

    test("a query of many large items arrives whole, page by page", async () => {
      for (let at = 0; at < 10; at++) await write({ bytes: new Uint8Array(300_000).fill(at) }, `k${at}`);
      const seen: string[] = [];
      for (let more = true; more; ) {
        const page = await current().query({ pk: key.pk, from: `${seen.at(-1) ?? ""}!` }, testCall);
        seen.push(...page.items.map((found) => found.key.sk));
        more = page.more;
      }
      expect(seen).toEqual(Array.from({ length: 10 }, (_, at) => `k${at}`));
    });
  });

  describe("concurrency", () => {
    test("of many racers on one conditional update, one wins and the rest see its item", async () => {
      const racers = Array.from({ length: 50 }, (_, racer) =>
        current().update(key, [set(["winner"], racer)], [itemAbsent], testCall),
      );
      const outcomes = await Promise.all(racers);
      const winners = outcomes.flatMap((outcome, racer) => (outcome.ok ? [racer] : []));
      expect(winners).toHaveLength(1);
      const item = { winner: winners[0] };
      for (const outcome of outcomes) if (!outcome.ok) expect(outcome.current).toEqual(item);
      expect(await read()).toEqual(item);
    });

    test("concurrent updates without conflict all take effect, each on another's result", async () => {
      await write({ next: 0, bases: {} });
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          current().update(key, [setFrom(["bases", `c${at}`], ["next"], 0), add(["next"], 3)], [], testCall),
        ),
      );
      const bases = outcomes.map((outcome, at) => (outcome.ok ? (outcome.changed.bases as Item)[`c${at}`] : undefined));
      expect(bases.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at * 3));
      expect((await read())?.next).toBe(300);
    });

    test("an operation that is refused harms none of those beside it", async () => {
      const operations = Array.from({ length: 30 }, (_, at) =>
        at % 3 === 1
          ? current().update({ pk: key.pk, sk: `k${at}` }, [setFrom(["a"], ["absent"], 1)], [], testCall)
          : current().update({ pk: key.pk, sk: `k${at}` }, [set(["a"], at)], [], testCall),
      );
      const settled = await Promise.allSettled(operations);
      expect(settled.map((outcome) => outcome.status)).toEqual(
        settled.map((_, at) => (at % 3 === 1 ? "rejected" : "fulfilled")),
      );
      const { items } = await current().query({ pk: key.pk }, testCall);
      expect(items).toHaveLength(20);
    });

    test("what was answered is what every later read shows", async () => {
      for (let round = 0; round < 20; round++) {
        const writes = [
          current().update(key, [set(["n"], round)], [], testCall),
          current().update({ pk: key.pk, sk: "other" }, [set(["n"], round)], [], testCall),
        ];
        await Promise.all(writes);
        expect(await read()).toEqual({ n: round });
        expect(await read("other")).toEqual({ n: round });
        expect((await current().query({ pk: key.pk, from: "other" }, testCall)).items[0]?.item).toEqual({ n: round });
      }
    });
  });
}
