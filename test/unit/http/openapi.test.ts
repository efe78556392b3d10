import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { OPERATIONS } from "../../../lib/api/http/operations.ts";
import { HTTP_STATUS } from "../../../lib/api/http/status-table.ts";
import { ERROR_CODES, type ErrorCode } from "../../../lib/base/error-codes.ts";
import { openApiDocument } from "../../../lib/http/openapi-document.ts";
import { jsonOf, testApp } from "./test-app.ts";

describe("the API's description", () => {
  test("is the one that the schemas give: run `node scripts/openapi.ts` when it is not", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    const current = JSON.parse(JSON.stringify(openApiDocument(version)));
    expect(await jsonOf(testApp().send("GET", "/openapi.json"))).toEqual(current);
  });

  test("names each operation once, and every reference in it leads somewhere", async () => {
    const document = await jsonOf(testApp().send("GET", "/openapi.json"));
    const ids = OPERATIONS.map((operation) => operation.id);
    expect(new Set(ids).size).toBe(ids.length);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, name] of references) expect(document.components.schemas[name as string]).toBeDefined();
  });

  test("lists what is answered: no operation is missing, none is a dead address", async () => {
    const { send } = testApp({ metrics: async () => ({ contentType: "text/plain", text: "" }) });
    for (const { method, address, id } of OPERATIONS) {
      const path = address.replace("{topic}", "t").replace("{partition}", "0");
      const { status } = await send(method.toUpperCase(), path);
      // The topic does not exist and there is no body: refused for that, and not for the address.
      const expected = method === "get" || method === "delete" ? [200, 404] : [415];
      expect([id, expected.includes(status)]).toEqual([id, true]);
      if (status === 404) expect((await jsonOf(send(method.toUpperCase(), path))).error.code).not.toBe("NotFound");
    }
  });

  test("every error has a status that says it failed", () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      expect(HTTP_STATUS[code]).toBeGreaterThanOrEqual(400);
    }
  });
});
