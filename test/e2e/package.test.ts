import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordFigures } from "../support/figures.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const MIB = 1024 * 1024;
const installedBytesMax = 30 * MIB;

/** A PATH as it is without this repository: the Node that runs this test, and the system's programs. */
const npmFolder = folderOf("npm");
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      /^(HOME|LANG|TMPDIR|npm_config_registry|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i.test(name),
    ),
  ),
  PATH: [path.dirname(process.execPath), npmFolder, "/usr/bin", "/bin"].join(path.delimiter),
};

/** The first folder of PATH outside any node_modules that has the program. */
function folderOf(program: string): string {
  const folder = pathFolders().find((candidate) => existsSync(path.join(candidate, program)));
  if (folder === undefined) throw new Error(`there is no ${program} on the PATH`);
  return folder;
}

function pathFolders(): string[] {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  return folders.filter((folder) => folder !== "" && !folder.includes("node_modules"));
}

function bytesUnder(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((bytes, entry) => bytes + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}

let scratch: string;
let consumer: string;
let packedFiles: string[];

/** Packs what this tree would publish, built apart from `dist`, and installs it where nothing of this tree is near. */
beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), "tidelog-package-"));
  const staged = path.join(scratch, "staged");
  consumer = path.join(scratch, "consumer");
  mkdirSync(consumer);
  for (const part of ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "bin"]) {
    cpSync(path.join(root, part), path.join(staged, part), { recursive: true });
  }
  await run(process.execPath, [path.join(root, "scripts", "build.ts"), path.join(staged, "dist")]);
  const packing = ["pack", "--json", "--ignore-scripts", "--pack-destination", scratch];
  const { stdout } = await run("npm", packing, { cwd: staged, env: environment });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packedFiles = packed.files.map((file) => file.path);
  writeFileSync(
    path.join(consumer, "package.json"),
    JSON.stringify({ name: "consumer", private: true, type: "module" }),
  );
  const installing = ["install", "--prefer-offline", "--no-audit", "--no-fund", path.join(scratch, packed.filename)];
  await run("npm", installing, { cwd: consumer, env: environment });
}, 180_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const inConsumer = (program: string, ...args: string[]) => run(program, args, { cwd: consumer, env: environment });
const tidelog = () => path.join(consumer, "node_modules", ".bin", "tidelog");

function compile(file: string, resolution: string, ...more: string[]) {
  const module = resolution === "bundler" ? "preserve" : "nodenext";
  const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");
  const options = [
    "--strict",
    "--noEmit",
    "--target",
    "es2024",
    "--lib",
    "es2024,esnext.disposable,dom",
    "--types",
    "",
  ];
  const resolving = ["--module", module, "--moduleResolution", resolution];
  return inConsumer(process.execPath, compiler, ...options, ...resolving, ...more, file);
}

describe("the published package", () => {
  test("holds what it needs to run and nothing else", () => {
    expect(packedFiles).toEqual(
      expect.arrayContaining([
        "package.json",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "bin/tidelog.js",
        "dist/cli/main.js",
        "dist/functions/api/index.mjs",
      ]),
    );
    const known =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/tidelog\.js|dist\/.+\.(js|d\.ts|json)|dist\/functions\/\w+\/index\.mjs)$/;
    expect(packedFiles.filter((file) => !known.test(file))).toEqual([]);
  });

  test("takes less than 30 MiB when it is installed, with all that it depends on", () => {
    const bytes = bytesUnder(path.join(consumer, "node_modules"));
    recordFigures({ "installed size, MiB": (bytes / MIB).toFixed(1) });
    expect(bytes).toBeLessThan(installedBytesMax);
  });

  test("tells its version", async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
    expect((await inConsumer(tidelog(), "--version")).stdout.trim()).toBe(version);
  });

  test("starts a server from its command, which stops cleanly on SIGTERM", async () => {
    const dataDir = path.join(scratch, "data");
    const server = spawn(tidelog(), ["start", "--port", "0", "--data-dir", dataDir], {
      cwd: consumer,
      env: environment,
    });
    const exited = once(server, "exit") as Promise<[number | null, string | null]>;
    try {
      const url = await addressIn(server.stdout);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect(readdirSync(dataDir)).not.toEqual([]);
    } finally {
      server.kill("SIGTERM");
    }
    expect(await exited).toEqual([0, null]);
  });

  test.runIf(process.platform === "linux")(
    "starts a server under settings of memory that its user's own come before",
    async () => {
      const settingsOf = async (env: NodeJS.ProcessEnv): Promise<{ arenas?: string; youngHeaps: string[] }> => {
        const args = ["start", "--port", "0", "--data-dir", path.join(scratch, "memory-settings")];
        const server = spawn(tidelog(), args, { cwd: consumer, env: { ...environment, ...env } });
        const exited = once(server, "exit");
        await addressIn(server.stdout);
        const [variables, words] = ["environ", "cmdline"].map((name) =>
          readFileSync(`/proc/${server.pid}/${name}`, "utf8").split("\0"),
        );
        server.kill("SIGTERM");
        await exited;
        const arenas = variables?.find((variable) => variable.startsWith("MALLOC_ARENA_MAX="));
        const youngHeaps = words?.filter((word) => word.startsWith("--max-semi-space-size")) ?? [];
        return { ...(arenas === undefined ? {} : { arenas }), youngHeaps };
      };
      expect(await settingsOf({})).toEqual({ arenas: "MALLOC_ARENA_MAX=1", youngHeaps: ["--max-semi-space-size=2"] });
      const own = { MALLOC_ARENA_MAX: "8", NODE_OPTIONS: "--max-semi-space-size=32" };
      expect(await settingsOf(own)).toEqual({ arenas: "MALLOC_ARENA_MAX=8", youngHeaps: [] });
    },
  );

  test("gives the SDK and the engine to a module that imports them", async () => {
    const program = [
      'import { Tidelog } from "tidelog";',
      'import { openLog } from "tidelog/engine";',
      "const log = await openLog({ memory: true });",
      'const { offset } = await log.publish("greetings", { value: "hello" });',
      "await log.close();",
      "console.log(typeof Tidelog, offset);",
    ];
    writeFileSync(path.join(consumer, "program.js"), program.join("\n"));
    expect((await inConsumer(process.execPath, "program.js")).stdout.trim()).toBe("function 0");
  });

  test("comes without the AWS SDK, and its door to AWS says what to install", async () => {
    expect(readdirSync(path.join(consumer, "node_modules"))).not.toContain("@aws-sdk");
    const program = [
      'import { openLog } from "tidelog/aws";',
      'const error = await openLog({ bucket: "b", table: "t" }).catch((thrown) => thrown);',
      "console.log(error.code, error.message);",
    ];
    writeFileSync(path.join(consumer, "shared.js"), program.join("\n"));
    const { stdout } = await inConsumer(process.execPath, "shared.js");
    expect(stdout).toMatch(/^InvalidConfig .*npm install @aws-sdk\/client-s3 @aws-sdk\/client-dynamodb/);
  });

  test.each(["verify", "restore"])("tells whoever runs tidelog %s on AWS what to install", async (command) => {
    const failure = await inConsumer(tidelog(), command, "--bucket", "b", "--table", "t").catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^tidelog: .*npm install @aws-sdk\/client-s3 @aws-sdk\/client-dynamodb[^;]*\n$/),
    });
  });

  test.each(["nodenext", "bundler"])("has types that a strict compiler takes, resolving as %s", async (resolution) => {
    const program = [
      'import { type PublishedRecord, Tidelog } from "tidelog";',
      'import { openLog as openShared, StoreCounter } from "tidelog/aws";',
      'import { openLog } from "tidelog/engine";',
      "export async function firstOffset(): Promise<number> {",
      "  const log: Tidelog = await openLog({ memory: true });",
      '  const written: PublishedRecord = await log.publish("greetings", { value: "hello" });',
      "  // @ts-expect-error: a topic is named by a string",
      "  await log.publish(1, { value: 1 });",
      "  await log.close();",
      "  return written.offset;",
      "}",
      'export const remote = new Tidelog({ endpoint: "http://127.0.0.1:8080" });',
      "export const shared = (): Promise<Tidelog> =>",
      '  openShared({ bucket: "b", table: "t", counter: new StoreCounter() });',
    ];
    writeFileSync(path.join(consumer, "program.ts"), program.join("\n"));
    await compile("program.ts", resolution);
  });

  test("gives its construct to a stack of one's own: with types, and synthesized with the functions' bundles", async () => {
    // As whoever has the CDK has them beside it.
    for (const peer of ["aws-cdk-lib", "constructs"]) {
      symlinkSync(path.join(root, "node_modules", peer), path.join(consumer, "node_modules", peer));
    }
    const program = [
      'import { App, Duration, Stack } from "aws-cdk-lib";',
      'import { Tidelog, type TidelogProps } from "tidelog/cdk";',
      "const props: TidelogProps = { defaultPartitions: 4, fetchWaitMax: Duration.seconds(2), alarms: {} };",
      'const app = new App({ outdir: "cdk.out" });',
      'const log: Tidelog = new Tidelog(new Stack(app, "Mine"), "Log", props);',
      "export const endpoint: string = log.endpoint;",
      "app.synth();",
    ];
    writeFileSync(path.join(consumer, "stack.ts"), program.join("\n"));
    await compile("stack.ts", "nodenext", "--skipLibCheck");
    await inConsumer(process.execPath, "stack.ts");
    const out = path.join(consumer, "cdk.out");
    const { Resources } = JSON.parse(readFileSync(path.join(out, "Mine.template.json"), "utf8")) as {
      Resources: Record<string, { Type: string }>;
    };
    const types = Object.values(Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type === "AWS::Lambda::Function")).toHaveLength(3);
    expect(types).toEqual(
      expect.arrayContaining(["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::ApiGatewayV2::Api"]),
    );
    const functions = path.join(consumer, "node_modules", "tidelog", "dist", "functions");
    const bundlesIn = (folder: string, names: string[]): Set<string> =>
      new Set(names.map((name) => readFileSync(path.join(folder, name, "index.mjs"), "utf8")));
    const assets = readdirSync(out).filter((name) => name.startsWith("asset."));
    expect(bundlesIn(out, assets)).toEqual(bundlesIn(functions, readdirSync(functions)));
  });
});

describe("an older Node", () => {
  test("is told in one line, without a stack", async () => {
    const command = path.join(consumer, "node_modules", "tidelog", "bin", "tidelog.js");
    const older = await olderNode();
    const args = older === undefined ? [...pretendingToBe("18.20.4"), command] : [command];
    const failure = await inConsumer(older ?? process.execPath, ...args, "--version").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 1, stdout: "" });
    expect((failure as { stderr: string }).stderr).toMatch(
      /^tidelog needs Node 24 or newer; this is Node \d+\.\d+\.\d+ \(.+\)\n$/,
    );
  });
});

async function olderNode(): Promise<string | undefined> {
  for (const folder of pathFolders()) {
    const node = path.join(folder, "node");
    if (!existsSync(node)) continue;
    const { stdout } = await run(node, ["-p", "process.versions.node"]);
    if (Number.parseInt(stdout, 10) < 24) return node;
  }
  return undefined;
}

/** Arguments that make this Node give another version of itself, for machines that have no older one. */
function pretendingToBe(version: string): string[] {
  const code = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
  return ["--import", `data:text/javascript,${encodeURIComponent(code)}`];
}

async function addressIn(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error("the server ended before it told its address");
}
