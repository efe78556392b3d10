import { expect, test } from "vitest";
import { checkExposure, isLoopback } from "../../../lib/local/exposure.ts";

test.each(["127.0.0.1", "127.9.8.7", "::1", "[::1]", "localhost", "LocalHost", "::ffff:127.0.0.1"])(
  "%s is reached by this machine only",
  (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(() => checkExposure({ host, token: undefined, insecure: false })).not.toThrow();
  },
);

test.each([
  "0.0.0.0",
  "::",
  "192.168.1.2",
  "128.0.0.1",
  "example.org",
  "localhost.example.org",
  "127.0.0.1.nip.io",
  "",
])("%s is refused without a token, and taken with one or on the operator's word", (host) => {
  expect(isLoopback(host)).toBe(false);
  expect(() => checkExposure({ host, token: undefined, insecure: false })).toThrow(/TIDELOG_TOKEN/);
  expect(() => checkExposure({ host, token: "s3cret", insecure: false })).not.toThrow();
  expect(() => checkExposure({ host, token: undefined, insecure: true })).not.toThrow();
});
