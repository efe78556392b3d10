import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable, Writable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../lib/base/system-clock.ts";
import { explainError } from "../../../lib/cli/explain-error.ts";
import { Notices } from "../../../lib/cli/notices.ts";
import { Output } from "../../../lib/cli/output.ts";
import { createProgram } from "../../../lib/cli/program.ts";
import { remoteAddress } from "../../../lib/cli/remote-address.ts";

const described = {
  clusterId: "c",
  version: "0.1.0",
  runtime: "v24",
  format: 1,
  nowMs: 0,
  storage: { kind: "s3", location: "s3://b" },
  autoCreateTopics: true,
  messageBytesMax: 1,
};

/** What the requests bore that the stand-in got. */
const seen: (string | undefined)[] = [];
let api: Server;
let endpoint: string;

beforeAll(async () => {
  // An API of AWS in as much as it lets in what is signed with one key, and refuses in API Gateway's words.
  api = createServer((request, response) => {
    const { authorization } = request.headers;
    seen.push(authorization);
    const mayEnter = authorization?.startsWith("AWS4-HMAC-SHA256 Credential=AKIDALLOWED/") === true;
    const answer = !mayEnter ? { message: "Forbidden" } : request.url === "/v1/server" ? described : { topics: [] };
    response.writeHead(mayEnter ? 200 : 403, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(api, "listening");
  endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(() => {
  api.close();
  api.closeAllConnections();
});

beforeEach(() => {
  seen.length = 0;
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", undefined);
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", undefined);
});
afterEach(() => vi.unstubAllEnvs());

/** How a command ended: what it told of its failure, undefined when it went well. */
async function run(...args: string[]) {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const context = { clock: systemClock(), output: new Output(nowhere), notices: new Notices(nowhere) };
  try {
    await createProgram({ ...context, input: () => Readable.from([]) }).parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    return explainError(error);
  }
}

function signIn(accessKeyId: string): void {
  vi.stubEnv("AWS_ACCESS_KEY_ID", accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  vi.stubEnv("AWS_REGION", "eu-north-1");
}

describe("commands that sign for AWS", () => {
  test("bear a signature for the environment's region, and are let in", async () => {
    signIn("AKIDALLOWED");
    expect(await run("topics", "list", "--endpoint", endpoint, "--sign", "aws")).toBeUndefined();
    expect(seen.length).toBeGreaterThan(0);
    for (const each of seen) expect(each).toMatch(/Credential=AKIDALLOWED\/\d{8}\/eu-north-1\/execute-api\//);
  });

  test("tell what the API said, and whose permission is wanted, when it refuses them", async () => {
    signIn("AKIDOTHER");
    const told = await run("topics", "list", "--endpoint", endpoint, "--sign", "aws");
    expect(told).toEqual({
      exitCode: 1,
      line: expect.stringMatching(/403 \(Forbidden\).*execute-api:Invoke.*--aws-profile/),
    });
  });

  test("name the package to install where the environment holds no credentials, or a profile is wanted", async () => {
    vi.stubEnv("AWS_REGION", "eu-north-1");
    const none = await run("topics", "list", "--endpoint", endpoint, "--sign", "aws");
    expect(none?.line).toMatch(/no AWS credentials.*npm install @aws-sdk\/credential-providers$/);
    const profile = await run("consume", "t", "--endpoint", endpoint, "--aws-profile", "work");
    expect(profile?.line).toMatch(/profile work.*npm install @aws-sdk\/credential-providers$/);
    expect(seen).toEqual([]);
  });

  test("ask for the region where neither the address nor the environment tells one", async () => {
    signIn("AKIDALLOWED");
    vi.stubEnv("AWS_REGION", undefined);
    const told = await run("topics", "list", "--endpoint", endpoint, "--sign", "aws");
    expect(told).toEqual({ exitCode: 2, line: expect.stringContaining("set AWS_REGION") });
  });

  test("take a token or a signature, not both", async () => {
    vi.stubEnv("TIDELOG_TOKEN", "token");
    const told = await run("topics", "list", "--endpoint", endpoint, "--sign", "aws");
    expect(told).toEqual({ exitCode: 2, line: expect.stringContaining("token and sign") });
  });
});

describe("whether commands sign", () => {
  const gateway = "https://abcde12345.execute-api.eu-central-1.amazonaws.com";
  const settings = { endpoint: gateway, token: undefined, sign: "auto", awsProfile: undefined } as const;
  const signs = (change: Partial<Parameters<typeof remoteAddress>[0]>) =>
    remoteAddress({ ...settings, ...change }).sign;

  test.each([
    ["for an API's address", {}, "aws"],
    ["for a function's address", { endpoint: "https://abcde.lambda-url.us-east-1.on.aws/" }, "aws"],
    ["for a name of one's own, where told to", { endpoint: "https://log.example.com", sign: "aws" }, "aws"],
    ["with a profile, wherever", { endpoint: "https://log.example.com", awsProfile: "work" }, { profile: "work" }],
    ["not where a token is given", { token: "token" }, undefined],
    ["not for another server", { endpoint: "http://127.0.0.1:8080" }, undefined],
    [
      "not for a name that only contains AWS's",
      { endpoint: "https://x.execute-api.y.amazonaws.com.evil.example" },
      undefined,
    ],
    ["not where told never to", { sign: "never" }, undefined],
  ] as const)("%s", (_, change, expected) => {
    expect(signs(change)).toEqual(expected);
  });
});
