import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Tidelog } from "../../lib/client/index.ts";
import { CommandLine, type CommandResult, type RunningCommand } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let cli: CommandLine;
let server: RunningCommand;

const startServer = async (...flags: string[]): Promise<{ command: RunningCommand; url: string }> => {
  const command = cli.start(["start", "--data-dir", "data", ...flags]);
  const [url] = await command.shows(/http:\/\/127\.0\.0\.1:\d+/);
  return { command, url };
};

beforeAll(async () => {
  directory = await temporaryDirectory();
  cli = new CommandLine(directory.path);
  const started = await startServer("--port", "0");
  server = started.command;
  cli.endpoint = started.url;
});

afterAll(async () => {
  await cli.endAll();
  await directory.remove();
});

const textOf = ({ stdout }: CommandResult): string => stdout.toString();
const jsonOf = (result: CommandResult): unknown => JSON.parse(textOf(result));
const consumeAll = (topic: string, ...flags: string[]) =>
  cli.run(["consume", topic, "--from-beginning", "--exit-at-end", ...flags]);

/** A command that ended well and said nothing but its result. */
const good = { code: 0, signal: null, stderr: "" };

/** One line on stderr, nothing on stdout. */
function expectRefusal(result: CommandResult, code: number, line: RegExp): void {
  expect(result).toMatchObject({ code, signal: null });
  expect(textOf(result)).toBe("");
  expect(result.stderr).toMatch(/^tidelog: [^\n]+\n$/);
  expect(result.stderr).toMatch(line);
}

describe("tidelog start", () => {
  test("tells its address, where the data lies, and three commands to try that reach it", async () => {
    // The log tells the address too, on stderr, which may be here before what is told on stdout.
    await server.shows(/(npx tidelog [^\n]*--endpoint [^\n]*\n[\s\S]*){3}/);
    const told = server.stdout.toString();
    expect(told).toContain(`Data lies in ${join(directory.path, "data")}\n`);
    expect(told.match(new RegExp(`^ .*npx tidelog .*--endpoint ${cli.endpoint}$`, "gm"))).toHaveLength(3);
  });

  test("is refused a data directory that another server has, clearly", async () => {
    const second = await cli.run(["start", "--port", "0", "--data-dir", "data", "--log-level", "error"]);
    expectRefusal(second, 1, /--data-dir/);
  });

  test("refuses to be reached from elsewhere without a token", async () => {
    const exposed = await cli.run(["start", "--host", "0.0.0.0", "--port", "0", "--data-dir", "other"]);
    expectRefusal(exposed, 1, /TIDELOG_TOKEN or --token-file, or say --insecure/);
  });

  test("demands the token of its token file, which commands give by file or by variable", async () => {
    await writeFile(join(directory.path, "token"), "secret-of-the-till\n");
    const flags = ["start", "--port", "0", "--data-dir", "guarded", "--token-file", "token", "--json"];
    const guarded = cli.start(flags);
    const { url } = JSON.parse((await guarded.shows(/^\{"url".*\}$/m))[0]) as { url: string };
    const list = ["topics", "list", "--json", "--endpoint", url];
    expectRefusal(await cli.run(list), 1, /TIDELOG_TOKEN or --token-file/);
    expect(jsonOf(await cli.run([...list, "--token-file", "token"]))).toEqual([]);
    expect(jsonOf(await cli.run(list, "", { TIDELOG_TOKEN: "secret-of-the-till" }))).toEqual([]);
    expect(await guarded.interrupt()).toMatchObject({ code: 0, signal: null });
    expect(guarded.stderr).not.toContain("secret-of-the-till");
  });
});

describe("tidelog topics", () => {
  test("are created, listed, described, altered and deleted", async () => {
    const created = await cli.run(["topics", "create", "menu", "--partitions", "2", "--json"]);
    expect(created).toMatchObject(good);
    expect(jsonOf(created)).toMatchObject({ topic: "menu", partitions: 2 });
    expect(textOf(await cli.run(["topics", "list"]))).toMatch(/^TOPIC +PARTITIONS\n(.*\n)*menu +2\n/);
    const change = ["--partitions", "3", "--config", "max.message.bytes=2000"];
    expect(await cli.run(["topics", "alter", "menu", ...change])).toMatchObject(good);
    expect(jsonOf(await cli.run(["topics", "describe", "menu", "--json"]))).toMatchObject({
      topic: "menu",
      partitions: 3,
      configs: expect.arrayContaining([{ name: "max.message.bytes", value: "2000", source: "topic" }]),
    });
    const back = await cli.run(["topics", "alter", "menu", "--remove-config", "max.message.bytes", "--json"]);
    expect(jsonOf(back)).toMatchObject({
      configs: expect.arrayContaining([{ name: "max.message.bytes", value: "1048588", source: "default" }]),
    });
    expect(textOf(await cli.run(["topics", "delete", "menu"]))).toBe("deleted topic menu\n");
    expectRefusal(await cli.run(["topics", "describe", "menu"]), 1, /topic menu does not exist; create it: tidelog/);
  });

  test("that exist already are not created again", async () => {
    await cli.run(["topics", "create", "twice"]);
    expectRefusal(await cli.run(["topics", "create", "twice"]), 1, /tidelog topics describe twice/);
  });
});

describe("tidelog produce and consume", () => {
  test("give back every byte: CR, empty lines, NUL and what is not UTF-8", async () => {
    const noise = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 151 + (at >> 8)) & 0xff));
    const bytes = Buffer.concat([Buffer.from("a\r\n\n\r\n\u0000b\n"), noise, Buffer.from("\n\n")]);
    const produced = await cli.run(["produce", "bytes"], bytes);
    expect(produced).toMatchObject({ code: 0 });
    expect(textOf(produced)).toBe("");
    expect(produced.stderr).toMatch(/^tidelog: published to bytes: \d+ records, [\d.]+ KiB, [\d,]+ records\/s\n$/);
    const consumed = await consumeAll("bytes");
    expect(consumed).toMatchObject(good);
    expect(consumed.stdout.equals(bytes)).toBe(true);
  });

  test("take a file, end its last line though it has no LF, and compress", async () => {
    const lines = Array.from({ length: 50_000 }, (_, at) => `line ${at}`).join("\n");
    await writeFile(join(directory.path, "lines.txt"), lines);
    const flags = ["--file", "lines.txt", "--compression", "gzip"];
    expect((await cli.run(["produce", "lines", ...flags])).stderr).toMatch(/published to lines: 50,000 records/);
    expect(textOf(await consumeAll("lines")) === `${lines}\n`).toBe(true);
  });

  test("carry keys, headers and a partition", async () => {
    await cli.run(["topics", "create", "till", "--partitions", "3"]);
    const flags = ["--key-separator", ":", "--partition", "1", "--header", "source=till", "--header", "n="];
    await cli.run(["produce", "till", ...flags], Buffer.from("anna:one coffee\n:\xff\n", "latin1"));
    expect(textOf(await consumeAll("till", "--print-key", "--max-messages", "1"))).toBe("anna\tone coffee\n");
    const lines = textOf(await consumeAll("till", "--json", "--partition", "1"))
      .trimEnd()
      .split("\n");
    const headers = [
      { key: "source", value: "till" },
      { key: "n", value: "" },
    ];
    const shared = { topic: "till", partition: 1, timestamp: expect.any(Number), headers };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { ...shared, offset: 0, key: "anna", value: "one coffee" },
      { ...shared, offset: 1, key: "", value: { base64: "/w==" } },
    ]);
  });

  test("end at the line without a separator, before which everything stays", async () => {
    const refused = await cli.run(["produce", "broken", "--key-separator", "\t"], "a\t1\nb\t2\noops\nc\t3\n");
    expectRefusal(refused, 1, /line 3: .*separator "\\t".*; 2 records are published, no more/);
    expect(textOf(await consumeAll("broken"))).toBe("1\n2\n");
  });

  test("refuse a line that the topic does not take, by its number", async () => {
    await cli.run(["topics", "create", "small", "--config", "max.message.bytes=1000"]);
    const refused = await cli.run(["produce", "small"], `a\n${"b".repeat(1000)}\nc\n`);
    expectRefusal(refused, 1, /line 2: .*; 1 record is published, no more/);
    const nearly = await cli.run(["produce", "small"], `a\n${"b".repeat(932)}\n`);
    expectRefusal(nearly, 1, /line 2: .*max\.message\.bytes.*; 1 record is published, no more/);
    expect(textOf(await consumeAll("small"))).toBe("a\na\n");
  });

  test("begin where they are told", async () => {
    await cli.run(["produce", "begin"], "a\nb\nc\n");
    expect(textOf(await cli.run(["consume", "begin", "--offset", "1", "--exit-at-end"]))).toBe("b\nc\n");
    const past = ["consume", "begin", "--timestamp", "2020-01-01", "--max-messages", "2"];
    expect(textOf(await cli.run(past))).toBe("a\nb\n");
    const future = ["consume", "begin", "--timestamp", "2999-01-01T00:00:00Z", "--exit-at-end"];
    expect(textOf(await cli.run(future))).toBe("");
    expectRefusalAfterNotice(await cli.run(["consume", "begin", "--offset", "99"]), /tidelog offsets begin/);
  });

  test("follow the log from its end until Ctrl-C", async () => {
    await cli.run(["produce", "live"], "before\n");
    const following = cli.start(["consume", "live"]);
    await following.shows(/reading live, 1 partition, from the end; Ctrl-C stops/);
    await cli.run(["produce", "live"], "after\n");
    await following.shows(/^after$/m);
    const ended = await following.interrupt();
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(textOf(ended)).toBe("after\n");
  });

  test("as members of a group share a topic, commit what they wrote, and leave with Ctrl-C", async () => {
    await using log = new Tidelog({ endpoint: cli.endpoint ?? "" });
    await log.admin.createTopic({ name: "shared", partitions: 2 });
    const publish = (text: string) =>
      log.publish(
        "shared",
        [0, 1].map((partition) => ({ value: `${text} ${partition}`, partition })),
      );
    await publish("before");
    const member = ["consume", "shared", "--group", "billing", "--from-beginning"];
    const drained = await cli.run([...member, "--exit-at-end"]);
    expect(drained).toMatchObject(good);
    expect(textOf(drained).split("\n").sort()).toEqual(["", "before 0", "before 1"]);
    const following = [cli.start(member), cli.start(member)];
    for (const each of following) await each.shows(/reading shared, 2 partitions, in the group billing; Ctrl-C stops/);
    const members = async () => (await log.admin.groups.describe("billing")).members;
    const shares = async () => (await members()).map(({ assignment }) => assignment.flatMap((each) => each.partitions));
    await expect.poll(shares, { timeout: 30_000 }).toMatchObject([{ length: 1 }, { length: 1 }]);
    await publish("after");
    for (const each of following) await each.shows(/^after [01]$/m);
    const ended = await Promise.all(following.map((each) => each.interrupt()));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(ended.map(textOf).sort()).toEqual(["after 0\n", "after 1\n"]);
    expect(await members()).toEqual([]);
    expect(textOf(await cli.run([...member, "--exit-at-end"]))).toBe("");
  });

  test("as a member that begins at the end commits that place before anything comes, for whoever comes next", async () => {
    await using log = new Tidelog({ endpoint: cli.endpoint ?? "" });
    await log.admin.createTopic({ name: "quiet", partitions: 1 });
    await log.publish("quiet", { value: "before" });
    const follower = cli.start(["consume", "quiet", "--group", "late"]);
    const committed = async () => (await log.admin.groups.offsets("late")).map(({ offset }) => offset);
    await expect.poll(committed, { timeout: 20_000 }).toEqual([1]);
    expect(await follower.interrupt()).toMatchObject({ code: 0 });
    const empty = await cli.run(["groups", "reset-offsets", "nobody", "--to-end"]);
    expectRefusal(empty, 1, /the group does not exist.*tidelog groups list/);
  });

  test("end quietly when whoever reads their output has left", async () => {
    const lines = Array.from({ length: 200_000 }, (_, at) => `line ${at}`).join("\n");
    await cli.run(["produce", "head"], lines);
    const consuming = cli.start(["consume", "head", "--from-beginning"]);
    consuming.child.stdout?.once("data", () => consuming.child.stdout?.destroy());
    const { code, signal, stderr } = await consuming.ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(stderr).toMatch(/^tidelog: reading head[^\n]*\n$/);
  });

  test("publish what was typed before Ctrl-C, and tell that it was not the end", async () => {
    const producing = cli.start(["produce", "typed"]);
    producing.child.stdin?.write("one\ntwo\nhal");
    await expect.poll(async () => textOf(await consumeAll("typed")), { timeout: 20_000 }).toBe("one\ntwo\n");
    const ended = await producing.interrupt();
    expect(ended).toMatchObject({ code: 130, signal: null });
    expect(ended.stderr).toMatch(/published to typed: 2 records/);
    expect(textOf(await consumeAll("typed"))).toBe("one\ntwo\n");
  });
});

function expectRefusalAfterNotice(result: CommandResult, line: RegExp): void {
  expect(result).toMatchObject({ code: 1, signal: null });
  expect(textOf(result)).toBe("");
  expect(result.stderr.split("\n")).toHaveLength(3);
  expect(result.stderr).toMatch(line);
}

describe("tidelog offsets", () => {
  test("are log start and high watermark, for people and as JSON", async () => {
    await cli.run(["topics", "create", "ends", "--partitions", "2"]);
    await cli.run(["produce", "ends", "--partition", "1"], "a\nb\n");
    expect(jsonOf(await cli.run(["offsets", "ends", "--json"]))).toEqual([
      { partition: 0, logStartOffset: 0, highWatermark: 0 },
      { partition: 1, logStartOffset: 0, highWatermark: 2 },
    ]);
    const table = await cli.run(["offsets", "ends"]);
    expect(table).toMatchObject(good);
    expect(textOf(table)).toMatch(/^PARTITION {2}LOG START {2}HIGH WATERMARK\n +0 +0 +0\n +1 +0 +2\n$/);
  });
});

describe("tidelog doctor", () => {
  test("finds a healthy server well", async () => {
    const healthy = await cli.run(["doctor", "--json"]);
    expect(healthy).toMatchObject(good);
    const { checks } = jsonOf(healthy) as { checks: { check: string }[] };
    expect(checks.map(({ check }) => check)).toEqual(["reachability", "versions", "clock", "disk", "data format"]);
  });

  test("fails when the server cannot be reached, with what to do", async () => {
    const away = await cli.run(["doctor", "--endpoint", "http://127.0.0.1:1"]);
    expect(away).toMatchObject({ code: 1, stderr: "" });
    expect(textOf(away)).toMatch(/^fail +reachability .*\n +-> start it: tidelog start/);
  });
});

describe("tidelog config", () => {
  test("prints every setting's value and where it comes from, but no secret", async () => {
    await writeFile(join(directory.path, "settings.json"), JSON.stringify({ lingerMs: 5 }));
    const flags = ["config", "--json", "--host", "localhost", "--config-file", "settings.json"];
    const shown = await cli.run(flags, "", { TIDELOG_PORT: "9000", TIDELOG_TOKEN: "secret-of-the-till" });
    expect(jsonOf(shown)).toMatchObject({
      host: { value: "localhost", source: "flag", origin: "--host" },
      port: { value: 9000, source: "environment", origin: "TIDELOG_PORT" },
      lingerMs: { value: 5, source: "file" },
      insecure: { value: false, source: "default" },
      token: { source: "environment" },
    });
    expect(textOf(shown)).not.toContain("secret-of-the-till");
    expect(textOf(await cli.run(["config"]))).toMatch(/^SETTING +VALUE +FROM\nhost +127\.0\.0\.1 +default\n/);
  });
});

describe("wrong usage", () => {
  test.each([
    ["an unknown command", ["produse", "orders"], /did you mean produce/i],
    [
      "an alter that alters nothing",
      ["topics", "alter", "orders"],
      /--partitions N, --config K=V or --remove-config K/,
    ],
  ])("is one line and exit code 2: %s", async (_, args, line) => {
    expectRefusal(await cli.run(args), 2, line);
  });

  test("of offsets over several partitions is told once their number is known", async () => {
    await cli.run(["topics", "create", "wide", "--partitions", "2"]);
    expectRefusal(await cli.run(["consume", "wide", "--offset", "1"]), 2, /--offset needs --partition/);
  });

  test("without a command shows the help on stderr", async () => {
    const bare = await cli.run([]);
    expect(bare).toMatchObject({ code: 2 });
    expect(textOf(bare)).toBe("");
    expect(bare.stderr).toContain("Usage: tidelog");
  });
});

test("help goes to stdout", async () => {
  const help = await cli.run(["topics", "create", "--help"]);
  expect(help).toMatchObject(good);
  expect(textOf(help)).toContain("Usage: tidelog topics create");
});

test("a consumer and a producer go on where they were when the server was killed and started again", async () => {
  const first = await startServer("--port", "0", "--data-dir", "restarted");
  const endpoint = ["--endpoint", first.url];
  await cli.run(["topics", "create", "long", ...endpoint]);
  const consuming = cli.start(["consume", "long", "--from-beginning", ...endpoint]);
  await consuming.shows(/reading long/);
  const producing = cli.start(["produce", "long", ...endpoint]);
  producing.child.stdin?.write("before\n");
  await consuming.shows(/^before$/m);

  first.command.child.kill("SIGKILL");
  await first.command.ended;
  producing.child.stdin?.write("meanwhile\n");
  await producing.shows(/trying again until it is back/);
  await startServer("--port", new URL(first.url).port, "--data-dir", "restarted");
  await producing.shows(/is back, going on/);
  producing.child.stdin?.end("after\n");
  const { code, stderr } = await producing.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/published to long: 3 records/);
  await consuming.shows(/^after$/m);
  expect(textOf(await consuming.interrupt())).toBe("before\nmeanwhile\nafter\n");
});

test("Ctrl-C stops the server cleanly, and what was published is there when it starts again", async () => {
  const started = await startServer("--port", "0", "--data-dir", "kept");
  const endpoint = ["--endpoint", started.url];
  await cli.run(["produce", "kept", ...endpoint], "for ever\n");
  expect(await started.command.interrupt()).toMatchObject({ code: 0, signal: null });
  expectRefusal(await cli.run(["topics", "list", ...endpoint]), 1, /start it: tidelog start/);
  const again = await startServer("--port", "0", "--data-dir", "kept");
  expect(textOf(await consumeAll("kept", "--endpoint", again.url))).toBe("for ever\n");
  await again.command.interrupt();
});
