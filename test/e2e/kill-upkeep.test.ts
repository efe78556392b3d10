import { afterAll, beforeAll, expect, test } from "vitest";
import { callWithin } from "../../lib/base/call.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { systemRuntime } from "../../lib/base/system-runtime.ts";
import { openLocalStores } from "../../lib/local/local-stores.ts";
import { verifyData } from "../../lib/local/verify-data.ts";
import { collect } from "../../lib/log/collect/collect.ts";
import { createLogEngine, type LogEngine } from "../../lib/log/log-engine.ts";
import { embeddedLogSettings } from "../../lib/log/log-settings.ts";
import { readHead } from "../../lib/log/read-head.ts";
import { openStoreIdentity } from "../../lib/log/store-identity.ts";
import { findOrphans } from "../simulation/checkers/orphans.ts";
import { recordFigures } from "../support/figures.ts";
import { hurriedClock } from "../support/hurried-clock.ts";
import { Acknowledged } from "../support/kill/acknowledged.ts";
import { KillableProcess } from "../support/kill/killable-process.ts";
import { PHASES, type Phase, PhasesInFlight } from "../support/kill/phases.ts";
import { UPKEEP_TOPICS } from "../support/kill/upkeep-records.ts";
import { readKeyed } from "../support/log/keyed-records.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { byLength } from "../support/test-length.ts";

const KILLS = byLength({ quick: 4, short: 52, full: 300 });
/** Most of the kills must hit something; with few of them chance has its say. */
const IN_FLIGHT_MIN = Math.floor(KILLS * 0.75);
const KILL_AFTER_MS_MAX = 500;
const CALL_MS = 60_000;

const clockStartMs = Date.now();
const clock = systemClock();
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory.remove());

test("a log killed in the middle of its upkeep, again and again, loses nothing, and leaves nothing behind", async () => {
  const acknowledged = new Acknowledged();
  const kills: (readonly Phase[])[] = [];
  while (kills.length < KILLS) {
    kills.push(await killedUpkeep(kills.length, acknowledged));
    const { damages, complete } = await verifyData(directory.path, {});
    expect({ kill: kills.length, damages, complete }).toEqual({ kill: kills.length, damages: [], complete: true });
  }
  await withEngine(async (engine, incarnation) => {
    await checkRecords(engine, acknowledged);
    const rules = { incarnation, ageMs: 0, dryRun: false };
    expect(await collect(engine.context, rules, {}, newCall())).toMatchObject({ next: undefined, undecided: 0 });
    expect(await findOrphans(engine.context)).toEqual([]);
    await checkRecords(engine, acknowledged);
  });
  report(kills, acknowledged);
  expect(kills.filter((inFlight) => inFlight.length > 0).length).toBeGreaterThanOrEqual(IN_FLIGHT_MIN);
  if (KILLS >= 50) for (const phase of PHASES) expect(kills.flat(), phase).toContain(phase);
});

const newCall = () => callWithin(clock, CALL_MS);

/** Kills a process at a random moment of its work; answers with what it was writing for at that moment. */
async function killedUpkeep(run: number, acknowledged: Acknowledged): Promise<readonly Phase[]> {
  const child = new KillableProcess("kill/upkeep-process.ts", [directory.path, String(clockStartMs), String(run)]);
  const inFlight = new PhasesInFlight();
  let killed: Promise<void> | undefined;
  for await (const line of child.lines()) {
    if (line === "started") killed = clock.sleep(Math.random() * KILL_AFTER_MS_MAX).then(() => child.kill());
    else if (!inFlight.note(line)) acknowledged.note(run, line);
  }
  await killed;
  await child.ended();
  return inFlight.phases;
}

/** Works with the data as the only process that does. */
async function withEngine(work: (engine: LogEngine, incarnation: string) => Promise<void>): Promise<void> {
  const runtime = { ...(await systemRuntime()), clock: hurriedClock(clockStartMs) };
  const stores = await openLocalStores({ dataDir: directory.path }, runtime);
  try {
    const { incarnation } = await openStoreIdentity(stores, runtime, newCall());
    await work(createLogEngine({ ...stores, runtime, settings: embeddedLogSettings }), incarnation);
  } finally {
    await stores.close();
  }
}

async function checkRecords(engine: LogEngine, acknowledged: Acknowledged): Promise<void> {
  for (const { name, partitions } of UPKEEP_TOPICS) {
    const topic = await engine.catalog.findNow(name, newCall());
    if (topic === undefined) throw new Error(`there is no topic ${name}`);
    for (let partition = 0; partition < partitions; partition++) {
      const ref = { topicId: topic.topicId, partition };
      const { logStart } = await readHead(engine.context, ref, newCall());
      if (name !== "short") expect(logStart).toBe(0);
      const found = await readKeyed(engine, ref, 1_000_000, logStart);
      acknowledged.check(`${name}/${partition}`, found, logStart, name === "keyed");
    }
  }
}

function report(kills: readonly (readonly Phase[])[], acknowledged: Acknowledged): void {
  const hits = PHASES.map((phase) => [
    `kills with a ${phase} in flight`,
    kills.flat().filter((each) => each === phase).length,
  ]);
  recordFigures({
    "upkeep kills": kills.length,
    "upkeep kills with work in flight": kills.filter((inFlight) => inFlight.length > 0).length,
    ...Object.fromEntries(hits),
    "records acknowledged between upkeep kills": acknowledged.count,
  });
}
