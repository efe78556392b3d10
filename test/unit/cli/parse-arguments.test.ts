import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collectPairs, isoTimestamp, wholeNumber } from "../../../lib/cli/parse-arguments.ts";

describe("whole numbers", () => {
  test("are read as written", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (number) => void expect(wholeNumber(0)(String(number))).toBe(number)));
  });

  test.each(["", "-1", "1.5", "1e3", "0x10", " 1", "9007199254740993", "many"])("are not %j", (text) => {
    expect(() => wholeNumber(0)(text)).toThrow(InvalidArgumentError);
  });

  test("below the least are refused", () => {
    expect(() => wholeNumber(1)("0")).toThrow("Expected a whole number from 1.");
  });
});

describe("KEY=VALUE", () => {
  test("is cut at its first =, after the pairs before", () => {
    expect(collectPairs("b=c=d", [{ key: "a", value: "" }])).toEqual([
      { key: "a", value: "" },
      { key: "b", value: "c=d" },
    ]);
  });

  test.each(["", "a", "=a"])("is not %j", (text) => {
    expect(() => collectPairs(text)).toThrow(InvalidArgumentError);
  });
});

describe("ISO timestamps", () => {
  test.each([
    ["2026-11-20", "2026-11-20T00:00:00.000Z"],
    ["2026-11-20T15:04Z", "2026-11-20T15:04:00.000Z"],
    ["2026-11-20T15:04:05.678", "2026-11-20T15:04:05.678Z"],
    ["2026-11-20T15:04:05+02:00", "2026-11-20T13:04:05.000Z"],
  ])("%s is %s", (text, expected) => {
    expect(new Date(isoTimestamp(text)).toISOString()).toBe(expected);
  });

  test("of any time come back as they were", () => {
    const years = { min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(years), (date) => void expect(isoTimestamp(date.toISOString())).toBe(date.getTime())),
    );
  });

  test.each(["", "yesterday", "1700000000000", "2026-02-30", "2026-13-01", "2026-11-20T25:00Z", "11/20/2026"])(
    "are not %j",
    (text) => {
      expect(() => isoTimestamp(text)).toThrow(InvalidArgumentError);
    },
  );
});
