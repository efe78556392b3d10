import { globSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callWithin } from "../../lib/base/call.ts";
import { systemRuntime } from "../../lib/base/system-runtime.ts";
import { openLocalStores } from "../../lib/local/local-stores.ts";
import { createLogEngine } from "../../lib/log/log-engine.ts";
import { embeddedLogSettings } from "../../lib/log/log-settings.ts";
import { rollPartition } from "../../lib/log/roll/roll-partition.ts";
import { spill } from "../../lib/log/spill.ts";
import { openStoreIdentity } from "../../lib/log/store-identity.ts";
import { createTopic } from "../../lib/log/topics/create-topic.ts";
import { CommandLine } from "../support/command-line.ts";
import { recordFigures } from "../support/figures.ts";
import { KillableProcess } from "../support/kill/killable-process.ts";
import { batchOf, numbered, readAll } from "../support/log/records-of.ts";
import { append } from "../support/log/test-log.ts";
import { realTextLines } from "../support/real-text.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { byLength } from "../support/test-length.ts";

const PARTITIONS = byLength({ quick: 40, short: 60, full: 300 });
const COMMITS = 3;
const LINES_EACH = 20;
const KILLS = byLength({ quick: 5, short: 20, full: 100 });
const WHOLE = { bytes: 1_000_000, olderThan: Number.MAX_SAFE_INTEGER };
const lines = realTextLines(PARTITIONS * COMMITS * LINES_EACH);

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let dataDir: string;
let cli: CommandLine;

/** Works with the data directory as the only process that does. */
async function withEngine<T>(work: (engine: ReturnType<typeof createLogEngine>) => Promise<T>): Promise<T> {
  const runtime = await systemRuntime();
  const stores = await openLocalStores({ dataDir }, runtime);
  try {
    await openStoreIdentity(stores, runtime, callWithin(runtime.clock, 10_000));
    return await work(createLogEngine({ ...stores, runtime, settings: embeddedLogSettings }));
  } finally {
    await stores.close();
  }
}

const linesOf = (partition: number): string[] => lines.filter((_, at) => at % PARTITIONS === partition);

async function fill(): Promise<void> {
  await withEngine(async (engine) => {
    const { context } = engine;
    const call = callWithin(context.runtime.clock, 60_000);
    const { topicId } = await createTopic(context, { name: "lines", partitions: PARTITIONS, configs: {} }, call);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const ref = { topicId, partition };
      for (let commit = 0; commit < COMMITS; commit++) {
        const some = linesOf(partition).slice(commit * LINES_EACH, (commit + 1) * LINES_EACH);
        await append(engine, ref, batchOf(some, undefined, Date.now()), call);
        await spill(context, ref, call);
        if (commit > 0) await rollPartition(context, ref, WHOLE, call);
      }
    }
  });
}

beforeAll(async () => {
  directory = await temporaryDirectory();
  dataDir = path.join(directory.path, "data");
  cli = new CommandLine(directory.path);
  await fill();
});

afterAll(async () => {
  await cli.endAll();
  await directory.remove();
});

const verify = (...flags: string[]) => cli.run(["verify", "--data-dir", "data", ...flags]);

describe("tidelog verify", () => {
  test("finds nothing wrong with a log that was produced and rolled", async () => {
    const { code, stdout, stderr } = await verify("--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout.toString())).toMatchObject({
      complete: true,
      damageCount: 0,
      checked: { topics: 1, partitions: PARTITIONS, segments: PARTITIONS * 2, records: lines.length },
    });
  });

  test("tells a flipped bit by file and range, and exits with 1", async () => {
    const [name = ""] = globSync("data/objects/topics/*/7/*.log", { cwd: directory.path });
    const file = path.join(directory.path, name);
    const whole = readFileSync(file);
    writeFileSync(file, new Uint8Array(whole).with(70, (whole[70] ?? 0) ^ 1));
    const { code, stdout, stderr } = await verify();
    writeFileSync(file, whole);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tidelog: lines 7: topics\/\S+\.log bytes 0-\d+, offsets 0-0: .*CRC/m);
    expect(stdout.toString()).toMatch(/2 damages\n/);
  });

  test("is refused a directory that a server uses, and one where nothing is", async () => {
    const server = cli.start(["start", "--port", "0", "--data-dir", "data"]);
    await server.shows(/http:/);
    const locked = await verify();
    await server.interrupt();
    expect(locked).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/another Tidelog process uses .*--data-dir/),
    });
    const nothing = await cli.run(["verify", "--data-dir", "nowhere"]);
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringMatching(/there is no data in/) });
    expect(globSync("nowhere", { cwd: directory.path })).toEqual([]);
  });

  test("refuses a place that no verification told", async () => {
    expect(await verify("--from", "somewhere")).toMatchObject({ code: 2 });
  });
});

describe("tidelog restore", () => {
  test("is refused while the items are there", async () => {
    const { code, stderr } = await cli.run(["restore", "--data-dir", "data"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/not empty/);
  });

  test("killed again and again in the middle brings back every record, and verification finds nothing wrong", async () => {
    for (const file of globSync("data/items.db*", { cwd: directory.path })) {
      renameSync(path.join(directory.path, file), path.join(directory.path, `lost-${path.basename(file)}`));
    }
    const refused = await cli.run(["start", "--port", "0", "--data-dir", "data", "--log-level", "error"]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/tidelog restore/) });

    const kills: number[] = [];
    for (let told = 0; kills.length < KILLS; kills.push(told)) {
      // A little further than the one before: each dies with a partition of its own under way.
      const room = (PARTITIONS - 2 - told) / (KILLS - kills.length);
      told = await killedRestore(told + 1 + Math.floor(Math.random() * room));
    }
    recordFigures({ "restore kills": kills.length, "partitions told at each kill": kills.join(" ") });
    expect(kills.every((told, at) => told > (kills[at - 1] ?? 0) && told < PARTITIONS)).toBe(true);

    const restored = await cli.run(["restore", "--data-dir", "data", "--json"]);
    expect(restored).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(restored.stdout.toString())).toMatchObject({ complete: true, generation: 1, unplaced: [] });
    expect(await verify()).toMatchObject({ code: 0, stderr: "" });
    await withEngine(async (engine) => {
      const call = callWithin(engine.context.runtime.clock, 10_000);
      const topicId = (await engine.catalog.findNow("lines", call))?.topicId;
      if (topicId === undefined) throw new Error("the topic is not there");
      for (let partition = 0; partition < PARTITIONS; partition++) {
        expect(await readAll(engine, { topicId, partition })).toEqual(numbered(linesOf(partition)));
      }
    });
  });
});

/** Kills a restore (SIGKILL) once it has told of so many partitions in all; answers with how many it had told of. */
async function killedRestore(after: number): Promise<number> {
  const restoring = new KillableProcess("kill/restore-process.ts", [dataDir]);
  let killed: Promise<void> | undefined;
  let told = 0;
  for await (const line of restoring.lines()) {
    if (line === "complete") throw new Error("the restore came to its end before it was killed");
    if (++told >= after) killed ??= restoring.kill();
  }
  await killed;
  return told;
}
