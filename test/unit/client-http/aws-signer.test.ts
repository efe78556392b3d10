import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { utf8 } from "../../../lib/base/bytes.ts";
import { systemClock } from "../../../lib/base/system-clock.ts";
import { defaultKeySource } from "../../../lib/client/aws-credentials.ts";
import { awsSigner } from "../../../lib/client/aws-signer.ts";
import { Tidelog } from "../../../lib/client/index.ts";
import { refusalOf } from "../../support/refusal.ts";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret/key", sessionToken: "session" };
const clock = systemClock();
const request = {
  method: "POST",
  url: new URL("https://abcde12345.execute-api.eu-central-1.amazonaws.com/v1/fetch"),
  headers: { "content-type": "application/json", "tidelog-timeout-ms": "1000" },
  body: [utf8('{"a":'), utf8("1}")],
} as const;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** The signature by AWS's own description ("Create a signed AWS API request"), step by step. */
function expectedSignature(headers: Readonly<Record<string, string>>, body: string, region: string): string {
  const date = headers["x-amz-date"] ?? "";
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1] ?? "";
  const all: Record<string, string> = { ...headers, host: request.url.host };
  const lines = names.split(";").map((name) => `${name}:${all[name]}\n`);
  const canonical = ["POST", "/v1/fetch", "", lines.join(""), names, sha256(body)].join("\n");
  const scope = `${date.slice(0, 8)}/${region}/execute-api/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = [region, "execute-api", "aws4_request"].reduce<Buffer>(
    (each, part) => hmac(each, part),
    hmac(`AWS4${keys.secretAccessKey}`, date.slice(0, 8)),
  );
  return hmac(key, toSign).toString("hex");
}

afterEach(() => vi.unstubAllEnvs());

describe("requests signed for AWS", () => {
  test("bear the signature that AWS computes, for the region of the endpoint's name", async () => {
    const headers = await awsSigner({ credentials: keys }, clock).headersFor(request);
    const signature = /Signature=([0-9a-f]{64})/.exec(headers.authorization ?? "")?.[1];
    expect(signature).toBe(expectedSignature(headers, '{"a":1}', "eu-central-1"));
    expect(headers).toMatchObject({ "x-amz-security-token": "session", "tidelog-timeout-ms": "1000" });
  });

  test("take the credentials of the environment, and its region where the endpoint tells none", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "x");
    vi.stubEnv("AWS_REGION", "eu-west-3");
    const url = new URL("https://log.example.com/v1/fetch");
    const { authorization } = await awsSigner({}, clock).headersFor({ ...request, url });
    expect(authorization).toMatch(/Credential=AKIDENVIRONMENT\/\d{8}\/eu-west-3\/execute-api\//);
  });

  test("ask for credentials again before those they have run out", async () => {
    let asked = 0;
    const credentials = async () => ({
      ...keys,
      expiration: new Date(Date.now() + (++asked === 1 ? 60_000 : 3_600_000)),
    });
    const signer = awsSigner({ credentials }, clock);
    for (let count = 0; count < 3; count++) await signer.headersFor(request);
    expect(asked).toBe(2);
  });

  test("take the credentials that a container's address gives, with its authorization", async () => {
    const server = createServer((asking, response) => {
      response.end(
        asking.headers.authorization === "token"
          ? JSON.stringify({ AccessKeyId: "A", SecretAccessKey: "B", Token: "C", Expiration: "2026-11-20T12:00:00Z" })
          : "{}",
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    const { port } = server.address() as AddressInfo;
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `http://127.0.0.1:${port}/role`);
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token");
    const found = await defaultKeySource(undefined)();
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wrong");
    const refusal = await refusalOf(() => defaultKeySource(undefined)());
    server.close();
    server.closeAllConnections();
    expect(found).toMatchObject({ accessKeyId: "A", secretAccessKey: "B", sessionToken: "C" });
    expect(found.expiration).toEqual(new Date("2026-11-20T12:00:00Z"));
    expect(refusal).toMatchObject({ code: "Unauthenticated", message: expect.stringContaining("/role") });
  });

  test("name the package that a profile needs, where it is not installed", async () => {
    const refusal = await refusalOf(() => awsSigner({ profile: "work" }, clock).headersFor(request));
    expect(refusal.code).toBe("Unauthenticated");
    expect(refusal.message).toContain("npm install @aws-sdk/credential-providers");
  });

  test("fail with that error when the log is used, and bear no token beside", async () => {
    const log = new Tidelog({ endpoint: request.url.origin, sign: { profile: "work" } });
    expect(await refusalOf(() => log.admin.describeServer())).toMatchObject({ code: "Unauthenticated" });
    await log.close();
    const both = async () => new Tidelog({ endpoint: request.url.origin, sign: "aws", token: "t" });
    expect(await refusalOf(both)).toMatchObject({ code: "InvalidArgument" });
  });
});
