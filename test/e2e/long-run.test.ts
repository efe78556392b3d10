import { afterAll, beforeAll, expect, test } from "vitest";
import { openDataDirectory } from "../../lib/adapters/embedded/data-directory.ts";
import { MemoryItemStore } from "../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../lib/adapters/memory/memory-object-store.ts";
import { judgeLongRun } from "../support/long-run/judge-long-run.ts";
import { LongRun } from "../support/long-run/long-run.ts";
import { billedAtSmallScale, embeddedAtSmallScale } from "../support/long-run/small-scale.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { byLength } from "../support/test-length.ts";

const ROUNDS = byLength({ quick: 8, short: 40, full: 400 });
const SEED = byLength({ quick: 1, short: 2, full: Date.now() % 1_000_000 });
const PRODUCES = 6;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory.remove());

test("a log in a directory lives for days: nothing is lost or left behind, and each byte is written twice in all", async () => {
  const open = () => openDataDirectory(directory.path);
  await using run = await LongRun.start({ open, log: embeddedAtSmallScale, seed: SEED, produces: PRODUCES });
  for (let round = 0; round < ROUNDS; round++) await run.round();
  await judgeLongRun(run, "days in a directory", { rewrittenPerByte: 1, requestsPerProduce: 16 });
});

test("where the store copies ranges, merges have it copy what is large enough", async () => {
  const objects = new MemoryObjectStore({ composePartBytesMin: 30_000 });
  const items = new MemoryItemStore();
  const open = async () => ({ objects, items, close: async () => undefined });
  await using run = await LongRun.start({ open, log: billedAtSmallScale, seed: SEED, produces: PRODUCES });
  for (let round = 0; round < ROUNDS; round++) await run.round();
  expect(run.runtime.counted.get("log.merge.bytes.copied") ?? 0).toBeGreaterThan(0);
  await judgeLongRun(run, "days where the store copies", { rewrittenPerByte: 3, requestsPerProduce: 16 });
});
