import { describe, expect, test } from "vitest";
import { DirectoryObjectStore } from "../../lib/adapters/embedded/directory-object-store.ts";
import { isLogError } from "../../lib/base/errors.ts";
import type { PutOutcome } from "../../lib/storage/object-store.ts";
import { type Below, PowerCutFileSystem } from "../support/power-cut-file-system.ts";
import { seededBelow } from "../support/seeded-below.ts";
import { testCall } from "../support/test-call.ts";

const SEEDS = 400;
const LIVES = 3;

interface Attempt {
  readonly body: Uint8Array;
  /** What the put answered before the power went. */
  outcome: PutOutcome | undefined;
}

/** What was ever put under each key, over all lives of one disk. */
type Attempts = Map<string, Attempt[]>;

/** One life: concurrent puts until they are done or the power goes. Every put has a body of its own. */
async function live(
  fileSystem: PowerCutFileSystem,
  below: Below,
  attempts: Attempts,
  lifeNumber: number,
): Promise<void> {
  const store = await DirectoryObjectStore.open(fileSystem, "/data");
  const putOne = async (at: number): Promise<void> => {
    // Some names are raced for, each by one conditional put per life; the rest are unique.
    const raced = below(4) === 0;
    const key = raced ? `topics/t${below(2)}/raced` : `topics/t${below(2)}/${below(3)}/${lifeNumber}-${at}.log`;
    const body = new Uint8Array(1 + below(60)).fill(1 + below(255));
    const half = below(body.byteLength);
    const attempt: Attempt = { body, outcome: undefined };
    attempts.set(key, [...(attempts.get(key) ?? []), attempt]);
    const parts = [body.subarray(0, half), body.subarray(half)];
    attempt.outcome = await store.put(key, parts, testCall, { ifAbsent: raced });
  };
  await Promise.allSettled(
    Array.from({ length: 4 }, async (_, worker) => {
      for (let round = 0; round < 6; round++) await putOne(worker * 10 + round);
    }),
  );
}

/** Every acknowledged object is whole; whatever else has a name is one of those that were put there. */
async function check(fileSystem: PowerCutFileSystem, attempts: Attempts): Promise<number> {
  const store = await DirectoryObjectStore.open(fileSystem, "/data");
  const listed = (await store.list("", testCall)).objects.map((object) => object.key);
  for (const key of listed) expect(attempts.has(key), key).toBe(true);
  let acknowledged = 0;
  for (const [key, tries] of attempts) {
    const stored = await store.get(key, testCall);
    expect(listed.includes(key)).toBe(stored !== undefined);
    const winner = tries.find((attempt) => attempt.outcome === "stored");
    if (winner !== undefined) {
      acknowledged++;
      expect(stored, `${key} was acknowledged`).toEqual(winner.body);
    } else if (stored === undefined) {
      expect(
        tries.map((attempt) => attempt.outcome),
        `${key} was said to exist`,
      ).not.toContain("exists");
    } else {
      expect(
        tries.map((attempt) => attempt.body),
        `${key} is torn`,
      ).toContainEqual(stored);
    }
  }
  expect(await fileSystem.list("/data/tmp")).toEqual([]);
  return acknowledged;
}

describe("objects and power cuts", () => {
  test("what was acknowledged is there whole, what was not is whole or absent, over cut after cut", async () => {
    let cuts = 0;
    let acknowledged = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const below = seededBelow(seed);
      const attempts: Attempts = new Map();
      let disk = new PowerCutFileSystem(below);
      await disk.makeDirectory("/data");
      await disk.syncDirectory("/");
      for (let lifeNumber = 0; lifeNumber < LIVES; lifeNumber++) {
        const powered = disk.survivors(20 + below(160));
        await live(powered, below, attempts, lifeNumber).catch((error: unknown) => {
          // The power may go while the store is being opened.
          if (!isLogError(error, "StoreUnavailable")) throw error;
        });
        if (!powered.hasPower) cuts++;
        disk = powered.survivors();
        acknowledged += await check(disk, attempts).catch((error: unknown) => {
          throw new Error(`seed ${seed}, life ${lifeNumber}`, { cause: error });
        });
      }
    }
    expect(cuts).toBeGreaterThan(SEEDS / 2);
    expect(acknowledged).toBeGreaterThan(SEEDS);
  });
});
