import { afterEach, expect, test } from "vitest";
import { BackgroundWork } from "../../../lib/service/maintenance/background-work.ts";
import type { Maintenance } from "../../../lib/service/maintenance/maintenance.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

const MINUTE_MS = 60_000;
const swept = { partitions: 0, failed: 0, removedBytes: 0, tailAgeMs: 0, next: undefined };
const collected = { objects: 0, items: 0, bytes: 0, referred: 0, undecided: 0, next: undefined };
const looked = { groups: 0, failed: 0, next: undefined };

let work: BackgroundWork | undefined;
afterEach(() => work?.close());

/** A server's background work of which only the rewriting is given; counts the runs of the other jobs. */
async function openWork(rewriting: Maintenance["runRewriting"], began: (job: string) => void = () => {}) {
  const world = await VirtualLog.open();
  const runs = { retention: 0, collection: 0, groups: 0 };
  const counted = <Result>(job: keyof typeof runs, result: Result) => {
    return async (): Promise<Result> => {
      runs[job]++;
      began(job);
      return result;
    };
  };
  work = new BackgroundWork(world.runtime, {
    runRetention: counted("retention", swept),
    runCollection: counted("collection", collected),
    runGroups: counted("groups", looked),
    runRewriting: rewriting,
  });
  const everyMs = 5 * MINUTE_MS;
  work.start({ retentionEveryMs: everyMs, collectionEveryMs: everyMs, groupsEveryMs: everyMs, rewritingEveryMs: 1000 });
  return { world, runs };
}

test("a compaction that takes hours keeps neither retention nor collection nor groups waiting", async () => {
  const { world, runs } = await openWork(
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  await world.pass(60 * MINUTE_MS);
  for (const count of Object.values(runs)) expect(count).toBeGreaterThanOrEqual(8);
});

test("no job runs beside another, nor beside rewriting that is soon done", async () => {
  let rewriting = false;
  const beside: string[] = [];
  const { world, runs } = await openWork(
    async () => {
      rewriting = true;
      await world.runtime.clock.sleep(500);
      rewriting = false;
      return { mergedBytes: 0, compacted: 0, failed: 0, next: undefined };
    },
    (name) => {
      if (rewriting) beside.push(name);
    },
  );
  await world.pass(60 * MINUTE_MS);
  for (const count of Object.values(runs)) expect(count).toBeGreaterThanOrEqual(8);
  expect(beside).toEqual([]);
});
