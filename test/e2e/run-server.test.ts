import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const program = fileURLToPath(new URL("../support/kill/server-process.ts", import.meta.url));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const processes: ChildProcess[] = [];
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  for (const process of processes.splice(0)) process.kill("SIGKILL");
  await directory.remove();
});

interface ServerProcess {
  readonly url: URL;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly exit: Promise<[code: number | null, signal: string | null]>;
}

async function start(): Promise<ServerProcess> {
  const server = spawn(process.execPath, [program, directory.path], { stdio: ["ignore", "pipe", "ignore"] });
  processes.push(server);
  const exit = once(server, "exit") as ServerProcess["exit"];
  const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
  return { url: new URL(line), signal: (name) => server.kill(name), exit };
}

/** A request whose body never ends: it keeps a server from stopping cleanly for as long as it is given. */
async function holdUp(url: URL): Promise<void> {
  const socket = connect(Number(url.port), url.hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const head = ["POST /v1/topics/orders/records HTTP/1.1", `host: ${url.host}`, "content-type: application/json"];
  socket.write(`${[...head, "content-length: 100"].join("\r\n")}\r\n\r\n{`);
  await fetch(new URL("/healthz", url));
  await sleep(100);
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s stops a server cleanly, and its data can be opened again",
  async (name) => {
    const first = await start();
    first.signal(name);
    expect(await first.exit).toEqual([0, null]);
    const second = await start();
    expect((await fetch(new URL("/healthz", second.url))).status).toBe(200);
  },
);

test("one Ctrl-C that arrives twice, as under npm, still stops cleanly", async () => {
  const server = await start();
  server.signal("SIGINT");
  server.signal("SIGINT");
  expect(await server.exit).toEqual([0, null]);
});

test("a second, later Ctrl-C ends a server that waits for a request to finish", async () => {
  const server = await start();
  await holdUp(server.url);
  server.signal("SIGINT");
  await sleep(600);
  server.signal("SIGINT");
  expect(await server.exit).toEqual([130, null]);
});

test("a server that is asked to stop gives up on a request that does not finish", async () => {
  const server = await start();
  await holdUp(server.url);
  server.signal("SIGTERM");
  expect(await server.exit).toEqual([0, null]);
});
