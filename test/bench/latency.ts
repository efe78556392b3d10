import { join } from "node:path";
import { SqliteItemStore } from "../../lib/adapters/embedded/sqlite-item-store.ts";
import { systemClock } from "../../lib/base/system-clock.ts";
import { HttpLogService } from "../../lib/client/http-log-service.ts";
import { Tidelog } from "../../lib/client/index.ts";
import { nodeTransport } from "../../lib/client/node-transport.ts";
import { openLog } from "../../lib/local/engine.ts";
import { set } from "../../lib/storage/item-change.ts";
import { callContext } from "./measure/open-service.ts";
import { BenchServer } from "./measure/processes.ts";
import { randomValues } from "./measure/random-values.ts";
import type { Scenario } from "./measure/scenario.ts";
import { quantile } from "./measure/statistics.ts";

const VALUE_BYTES = 100;
/** A head with a few entries in its tail. */
const HEAD_BYTES = 1600;
const BLOCK = 100;
const TOPIC = "latency";

type Step = () => Promise<unknown>;
type HttpStep = "commit" | "noop" | "empty" | "publish";

/** A record at a time, each acknowledged before the next; in turn with what it is made of. */
export const latency: Scenario = {
  name: "latency",
  async run({ quick, directory }) {
    const blocks = quick ? 1 : 40;
    await using items = await closing(SqliteItemStore.open(join(directory, "commits.db")));
    const [inProcess, overHttp] = [
      await measureInProcess(directory, items, blocks),
      await measureHttp(directory, items, blocks),
    ];
    return [
      {
        title: "Latency of one record of 100 bytes, unloaded",
        columns: ["what", "p50 ms", "p99 ms", "aim p50 ms", "aim p99 ms"],
        rows: [
          ["commit of the store", ...both(inProcess.commit), "", ""],
          ["publish in-process", ...both(inProcess.publish), ...both(inProcess.commit).map((ms) => ms * 3)],
          ["commit of the store, again", ...both(overHttp.commit), "", ""],
          ["least round trip of the server (health)", ...both(overHttp.noop), "", ""],
          ["no-op of the same kind (produce of nothing)", ...both(overHttp.empty), "", ""],
          ["publish over HTTP", ...both(overHttp.publish), ...sums(both(overHttp.commit), both(overHttp.empty))],
        ],
        note:
          "Aim in-process: three commits of the store or less. Aim over HTTP: one commit and two round trips of a no-op " +
          "of the same kind; by the least round trip it would be lower.",
      },
    ];
  },
};

async function measureInProcess(directory: string, items: SqliteItemStore, blocks: number) {
  await using log = await openLog({ dataDir: join(directory, "in-process") });
  const [commit, publish] = await inTurn([commitStep(items), publishStep(log)], blocks);
  return { commit, publish } as Record<"commit" | "publish", number[]>;
}

async function measureHttp(directory: string, items: SqliteItemStore, blocks: number) {
  const server = await BenchServer.start({ dataDir: join(directory, "server") });
  const transport = nodeTransport();
  try {
    await using log = new Tidelog({ endpoint: server.url });
    const url = new URL("/healthz", server.url);
    const signal = new AbortController().signal;
    const noop = (): Promise<unknown> => transport.send({ url, method: "GET", headers: {}, body: undefined, signal });
    const service = new HttpLogService({ endpoint: server.url, clock: systemClock() });
    const empty = (): Promise<unknown> => service.produce(callContext(), { acks: -1, partitions: [] });
    const steps = [commitStep(items), noop, empty, publishStep(log)];
    const [commit, trip, produce, publish] = await inTurn(steps, blocks);
    service.close();
    return { commit, noop: trip, empty: produce, publish } as Record<HttpStep, number[]>;
  } finally {
    transport.close();
    await server.stop();
  }
}

function publishStep(log: Tidelog): Step {
  const value = randomValues(VALUE_BYTES);
  return () => log.publish(TOPIC, { value: value() });
}

/** The bytes differ each time: what is overwritten with itself need not be synced. */
function commitStep(items: SqliteItemStore): Step {
  const value = randomValues(HEAD_BYTES);
  const key = { pk: "bench", sk: "head" };
  return () => items.update(key, [set(["bytes"], value())], [], callContext());
}

/** The ms of each step, in blocks that take turns; the first block of each is thrown away. */
async function inTurn(steps: readonly Step[], blocks: number): Promise<number[][]> {
  const times = steps.map((): number[] => []);
  for (let block = 0; block <= blocks; block++) {
    for (const [index, step] of steps.entries()) {
      for (let count = 0; count < BLOCK; count++) {
        const startedMs = performance.now();
        await step();
        if (block > 0) times[index]?.push(performance.now() - startedMs);
      }
    }
  }
  return times;
}

function both(times: readonly number[]): [number, number] {
  return [quantile(times, 0.5), quantile(times, 0.99)];
}

function sums(commit: readonly [number, number], noop: readonly [number, number]): [number, number] {
  return [commit[0] + 2 * noop[0], commit[1] + 2 * noop[1]];
}

async function closing(opened: Promise<SqliteItemStore>): Promise<SqliteItemStore & AsyncDisposable> {
  const store = await opened;
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}
