import { readFileSync } from "node:fs";
import path from "node:path";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { fitsResult, principalOf, requestOf, resultOf } from "../../../lambda/http-event.ts";
import { projectRoot } from "../../support/tidy/source-tree.ts";

const event = (name: string): APIGatewayProxyEventV2 =>
  JSON.parse(readFileSync(path.join(projectRoot, "test/fixtures/events", `${name}.json`), "utf8"));

describe("an event of API Gateway", () => {
  test("with a binary body is the request that was sent, byte for byte", async () => {
    const request = requestOf(event("iam-post"));
    expect(request.method).toBe("POST");
    expect(request.url).toBe("https://abcde12345.execute-api.eu-central-1.amazonaws.com/v1/fetch");
    expect(request.headers.get("tidelog-client-id")).toBe("orders");
    expect([...new Uint8Array(await request.arrayBuffer())]).toEqual([0, 1, 255, 128, 10]);
  });

  test("of a named stage has that stage taken off its path, and keeps its query", () => {
    const request = requestOf(event("jwt-get-stage"));
    expect(request.url).toBe("https://log.example.com/v1/topics?limit=10&name=a%20b");
    expect(request.body).toBeNull();
  });

  test("of a path with a question mark does not become a query", () => {
    const { pathname, search } = new URL(requestOf({ ...event("iam-post"), rawPath: "/v1/a?b#c" }).url);
    expect([pathname, search]).toEqual(["/v1/a%3Fb%23c", ""]);
  });

  test("tells who sends it, by IAM or by a token's subject", () => {
    expect(principalOf(event("iam-post"))).toEqual({
      kind: "user",
      name: "arn:aws:sts::123456789012:assumed-role/orders/orders",
    });
    expect(principalOf(event("jwt-get-stage"))).toEqual({ kind: "user", name: "customer-7" });
  });

  test("that nobody has authenticated is anonymous", () => {
    const { requestContext, ...rest } = event("jwt-get-stage");
    const { authorizer: _, ...without } = requestContext as typeof requestContext & { authorizer: unknown };
    expect(principalOf({ ...rest, requestContext: without }).kind).toBe("anonymous");
  });
});

describe("a result for API Gateway", () => {
  test("carries JSON as text", async () => {
    const result = await resultOf(Response.json({ a: "ä" }, { status: 201 }));
    expect(result).toMatchObject({ statusCode: 201, body: '{"a":"ä"}', isBase64Encoded: false });
  });

  test("carries batches as base64, and leaves their length to API Gateway", async () => {
    const headers = { "content-type": "application/vnd.tidelog.batches", "content-length": "3" };
    const result = await resultOf(new Response(new Uint8Array([0, 255, 128]), { headers }));
    expect(result).toMatchObject({ body: "AP+A", isBase64Encoded: true });
    expect(result.headers).not.toHaveProperty("content-length");
  });

  test("fits up to Lambda's limit, quotation marks of text counted as they are sent", () => {
    expect(fitsResult({ body: "A".repeat(6_200_000), isBase64Encoded: true })).toBe(true);
    expect(fitsResult({ body: "A".repeat(6_200_001), isBase64Encoded: true })).toBe(false);
    expect(fitsResult({ body: "x".repeat(6_000_000), isBase64Encoded: false })).toBe(true);
    expect(fitsResult({ body: '"'.repeat(3_200_000), isBase64Encoded: false })).toBe(false);
    expect(fitsResult({ body: "\u0001".repeat(1_050_000), isBase64Encoded: false })).toBe(false);
  });
});
