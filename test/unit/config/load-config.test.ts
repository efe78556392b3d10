import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogError } from "../../../lib/base/errors.ts";
import { type ConfigSources, loadConfig } from "../../../lib/config/load-config.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "tidelog-config-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const load = (from: ConfigSources = {}) => loadConfig({ environment: {}, workingDirectory: directory, ...from });
const write = (name: string, content: unknown): string => {
  const file = path.join(directory, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
};

function refusal(from: ConfigSources = {}): string {
  try {
    load(from);
  } catch (error) {
    if (error instanceof LogError && error.code === "InvalidConfig") return error.message;
    throw error;
  }
  throw new Error("the configuration was taken");
}

describe("where a setting comes from", () => {
  test("without any source every setting has its default", () => {
    const { config, sources } = load();
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      insecure: false,
      allowHost: [],
      defaultPartitions: 1,
    });
    expect(config.token).toBeUndefined();
    expect(config.dataDir).toBe(path.join(directory, "tidelog-data"));
    expect(new Set(Object.values(sources).map((source) => source.kind))).toEqual(new Set(["default"]));
  });

  test("a flag beats the environment, which beats the file, which beats the default", () => {
    const file = write("tidelog.json", { port: 1, host: "file", logLevel: "debug" });
    const { config, sources } = load({
      flags: { port: "3" },
      environment: { TIDELOG_PORT: "2", TIDELOG_HOST: "environment" },
    });
    expect(config).toMatchObject({ port: 3, host: "environment", logLevel: "debug", lingerMs: 0 });
    expect(sources.port).toEqual({ kind: "flag", origin: "--port" });
    expect(sources.host).toEqual({ kind: "environment", origin: "TIDELOG_HOST" });
    expect(sources.logLevel).toEqual({ kind: "file", origin: file });
    expect(sources.lingerMs).toEqual({ kind: "default", origin: "default" });
  });

  test("a named configuration file takes the place of tidelog.json", () => {
    write("tidelog.json", { port: 1 });
    const other = write("other.json", { host: "::1" });
    expect(load({ flags: { configFile: "other.json" } }).config).toMatchObject({ port: 8080, host: "::1" });
    expect(load({ environment: { TIDELOG_CONFIG_FILE: other } }).config).toMatchObject({ port: 8080, host: "::1" });
  });

  test("a relative path in a file counts from that file, elsewhere from the working directory", () => {
    const file = write("tidelog.json", { dataDir: "data" });
    const elsewhere = path.join(directory, "elsewhere");
    expect(load({ flags: { configFile: file }, workingDirectory: elsewhere }).config.dataDir).toBe(
      path.join(directory, "data"),
    );
    expect(load({ flags: { dataDir: "data" }, workingDirectory: elsewhere }).config.dataDir).toBe(
      path.join(elsewhere, "data"),
    );
  });

  test("an empty variable counts as not set, and other programs' variables are left alone", () => {
    expect(load({ environment: { TIDELOG_PORT: "", PORT: "99", TIDELOG_TEST_SEED: "1" } }).config.port).toBe(8080);
  });
});

describe("text becomes values", () => {
  test("flags and variables take numbers, booleans, lists, pairs and sizes with units", () => {
    const { config } = load({
      flags: { allowHost: ["a.example", "b.example"], insecure: true },
      environment: {
        TIDELOG_AUTO_CREATE_TOPICS: "false",
        TIDELOG_TOPIC_DEFAULTS: "retention.ms=1000,cleanup.policy=delete",
        TIDELOG_BODY_BYTES_MAX: "8MiB",
      },
    });
    expect(config).toMatchObject({
      allowHost: ["a.example", "b.example"],
      insecure: true,
      autoCreateTopics: false,
      topicDefaults: { "retention.ms": "1000", "cleanup.policy": "delete" },
      bodyBytesMax: 8 * 1024 * 1024,
    });
    expect(load({ environment: { TIDELOG_ALLOW_HOST: "a.example, b.example" } }).config.allowHost).toEqual([
      "a.example",
      "b.example",
    ]);
  });
});

describe("what is refused", () => {
  test("an unknown name in the file is refused with the nearest known one", () => {
    const file = write("tidelog.json", { dataDirectory: "x", prot: 1 });
    expect(refusal()).toBe(
      `${file}: unknown setting dataDirectory; did you mean dataDir?; ${file}: unknown setting prot; did you mean port?`,
    );
  });

  test("an unknown variable under our prefix is refused with the nearest known one", () => {
    expect(refusal({ environment: { TIDELOG_DATADIR: "x" } })).toBe(
      "unknown environment variable TIDELOG_DATADIR; did you mean TIDELOG_DATA_DIR?",
    );
  });

  test.each([
    [{ flags: { port: "http" } }, /^--port: expected a whole number \(came "http"\)$/],
    [{ flags: { port: "65536" } }, /^--port: expected at most 65535 \(came 65536\)$/],
    [{ flags: { defaultPartitions: "0" } }, /^--default-partitions: expected at least 1 \(came 0\)$/],
    [{ flags: { lingerMs: "1.5" } }, /^--linger-ms: expected a whole number \(came 1.5\)$/],
    [{ flags: { sign: "yes" } }, /^--sign: expected auto or aws or never \(came "yes"\)$/],
    [{ flags: { host: "" } }, /^--host: expected some text \(came ""\)$/],
    [{ environment: { TIDELOG_INSECURE: "maybe" } }, /^TIDELOG_INSECURE: expected true or false \(came "maybe"\)$/],
    [
      { environment: { TIDELOG_TOPIC_DEFAULTS: "retention.ms" } },
      /^TIDELOG_TOPIC_DEFAULTS: expected pairs of name=value \(came "retention.ms"\)$/,
    ],
    [{ environment: { TIDELOG_ENDPOINT: "ftp://host" } }, /^TIDELOG_ENDPOINT: expected a URL/],
    [
      { environment: { TIDELOG_ENDPOINT: "http://me:pw@host" } },
      /^TIDELOG_ENDPOINT: expected no user name or password/,
    ],
    [{ flags: { configFile: "absent.json" } }, /absent\.json cannot be read/],
    [{ flags: { tokenFile: "absent" } }, /^token file .*absent cannot be read/],
  ] as const)("%j says which source, what was expected and what came", (from, message) => {
    expect(refusal(from)).toMatch(message);
  });

  test("a file that is not a JSON object is named, and none of its content is quoted", () => {
    const file = write("tidelog.json", `{"token": s3cret`);
    expect(refusal()).toBe(`${file}: not valid JSON`);
    write("tidelog.json", ["port"]);
    expect(refusal()).toBe(`${file}: expected a JSON object of settings`);
  });

  test("everything that is wrong is told at once", () => {
    const text = refusal({ flags: { port: "x" }, environment: { TIDELOG_LINGER_MS: "-1" } });
    expect(text).toContain("--port");
    expect(text).toContain("TIDELOG_LINGER_MS");
  });
});

describe("the token", () => {
  test("comes from a file, without its line end", () => {
    write("token.txt", "s3cret\n");
    const { config, sources } = load({ environment: { TIDELOG_TOKEN_FILE: "token.txt" } });
    expect(config.token).toBe("s3cret");
    expect(sources.token).toEqual({ kind: "environment", origin: "TIDELOG_TOKEN_FILE" });
  });

  test("a token file named by a flag beats a token in the environment, and the other way round", () => {
    const tokenFile = write("token.txt", "of-the-file");
    const flagged = load({ flags: { tokenFile }, environment: { TIDELOG_TOKEN: "of-the-environment" } });
    expect(flagged.config.token).toBe("of-the-file");
    write("tidelog.json", { tokenFile: "token.txt" });
    const variable = load({ environment: { TIDELOG_TOKEN: "of-the-environment" } });
    expect(variable.config).toMatchObject({ token: "of-the-environment", tokenFile: undefined });
  });

  test("set twice by one source is refused, and a bad one is never quoted", () => {
    const both = { TIDELOG_TOKEN: "a", TIDELOG_TOKEN_FILE: write("token.txt", "b") };
    expect(refusal({ environment: both })).toContain("both set the token");
    expect(refusal({ environment: { TIDELOG_TOKEN: "two words" } })).toMatch(/^TIDELOG_TOKEN: (?!.*two words)/);
    expect(refusal({ flags: { tokenFile: write("bad.txt", "two words") } })).not.toContain("two words");
  });
});
