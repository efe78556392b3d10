import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BenchServer, runLoad } from "./measure/processes.ts";
import type { Scenario } from "./measure/scenario.ts";
import type { Table } from "./measure/table.ts";

const KIB = 1024;
const SHOWN = 16;
const IDLE = "(idle)";

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the server's main thread spends its time while one producer and one consumer keep it busy. */
export const profile: Scenario = {
  name: "profile",
  async run({ quick, directory }) {
    const profileDirectory = join(directory, "profiles");
    const server = await BenchServer.start({ dataDir: join(directory, "server"), profileDirectory });
    await runLoad({
      at: { url: server.url },
      through: "sdk",
      valueBytes: KIB,
      records: quick ? 2000 : 256 * KIB,
      partitions: 4,
      producers: 1,
      outstandingBytes: 8 * KIB * KIB,
      fetch: true,
    });
    await server.stop();
    return [tableOf(await mainThread(profileDirectory))];
  },
};

/** Each thread leaves a profile: that of the SQLite thread does not serve. */
async function mainThread(directory: string): Promise<CpuProfile> {
  for (const name of await readdir(directory)) {
    const read = JSON.parse(await readFile(join(directory, name), "utf8")) as CpuProfile;
    if (read.nodes.some(({ callFrame }) => callFrame.url.endsWith("/http/serve.js"))) return read;
  }
  throw new Error("the server left no profile of its main thread");
}

function tableOf(read: CpuProfile): Table {
  const names = new Map(read.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const selfMs = new Map<string, number>();
  read.samples.forEach((id, index) => {
    const name = names.get(id) ?? "?";
    selfMs.set(name, (selfMs.get(name) ?? 0) + (read.timeDeltas[index] ?? 0) / 1000);
  });
  const idleMs = selfMs.get(IDLE) ?? 0;
  selfMs.delete(IDLE);
  const busyMs = [...selfMs.values()].reduce((sum, ms) => sum + ms, 0);
  const top = [...selfMs].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN);
  return {
    title: "The server's main thread: produce and read back 256 MiB in records of 1 KiB",
    columns: ["function", "self ms", "of busy %"],
    rows: [["busy", busyMs, 100], ["idle", idleMs, ""], ...top.map(([name, ms]) => [name, ms, (ms / busyMs) * 100])],
    note: "`(program)` is native code without a JavaScript frame: sockets, file requests, the event loop itself.",
  };
}

function nameOf({ functionName, url }: CpuProfile["nodes"][number]["callFrame"]): string {
  const file = url.replace(/^.*\/(dist|node_modules)\//, "$1/");
  const name = functionName === "" ? "anonymous" : functionName;
  return file === "" ? name : `${name} ${file}`;
}
