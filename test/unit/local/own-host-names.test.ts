import { hostname } from "node:os";
import { expect, test } from "vitest";
import { ownHostNames } from "../../../lib/local/own-host-names.ts";

test("a server on one address is known by that address", () => {
  expect(ownHostNames("127.0.0.1")).toEqual(["127.0.0.1"]);
  expect(ownHostNames("::1")).toEqual(["[::1]"]);
  expect(ownHostNames("Log.Example")).toEqual(["log.example"]);
});

test.each(["0.0.0.0", "::"])("a server on %s is known by this machine's name and addresses", (host) => {
  expect(ownHostNames(host)).toEqual(expect.arrayContaining([hostname().toLowerCase(), "127.0.0.1"]));
});
