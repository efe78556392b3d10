import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../../../lib/cli/command-error.ts";
import { addPlaceOptions, placeOf, placeWords } from "../../../lib/cli/log-place.ts";

/** As commander gives them to a command. */
const flagsOf = (...args: string[]): Record<string, unknown> =>
  addPlaceOptions(new Command("x")).parse(args, { from: "user" }).opts();

beforeEach(() => {
  vi.stubEnv("AWS_ENDPOINT_URL_S3", undefined);
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", undefined);
});
afterEach(() => vi.unstubAllEnvs());

describe("the place of a log", () => {
  test("is the directory of the settings, unless AWS is named", () => {
    vi.stubEnv("TIDELOG_DATA_DIR", "/set");
    expect(placeOf(flagsOf())).toEqual({ dataDir: "/set" });
    expect(placeOf(flagsOf("--data-dir", "/given"))).toEqual({ dataDir: "/given" });
    expect(placeOf(flagsOf("--bucket", "b", "--table", "t"))).toMatchObject({ aws: { bucket: "b", table: "t" } });
  });

  test("on AWS is reached by region, profile and the environment's endpoints, where there are any", () => {
    const named = ["--bucket", "b", "--table", "t"];
    const unset = { region: undefined, profile: undefined, endpoints: {} };
    expect(placeOf(flagsOf(...named))).toEqual({ aws: { bucket: "b", table: "t", ...unset } });
    vi.stubEnv("TIDELOG_AWS_PROFILE", "play");
    vi.stubEnv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", "");
    const reached = { region: "eu-west-1", profile: "play", endpoints: { s3: "http://127.0.0.1:1" } };
    expect(placeOf(flagsOf(...named, "--region", "eu-west-1"))).toMatchObject({ aws: reached });
    expect(placeOf(flagsOf(...named, "--aws-profile", "work"))).toMatchObject({ aws: { profile: "work" } });
  });

  test("is not on AWS because a profile is set for other commands", () => {
    vi.stubEnv("TIDELOG_AWS_PROFILE", "play");
    expect(placeOf(flagsOf("--data-dir", "/given"))).toEqual({ dataDir: "/given" });
  });

  test.each([
    [["--bucket", "b"], "--bucket alone names no log: give --bucket and --table"],
    [["--table", "t"], "--table alone names no log: give --bucket and --table"],
    [
      ["--region", "r", "--aws-profile", "p"],
      "--region and --aws-profile alone name no log: give --bucket and --table",
    ],
    [
      ["--bucket", "b", "--table", "t", "--data-dir", "d"],
      "--data-dir and --bucket name two different logs: leave one out",
    ],
  ])("is refused as %j", (args, told) => {
    expect(() => placeOf(flagsOf(...args))).toThrow(new UsageError(told));
  });

  test("is told again as it was given, fit for a shell", () => {
    expect(placeWords(flagsOf())).toBe("");
    expect(placeWords(flagsOf("--data-dir", "./my log"))).toBe(" --data-dir './my log'");
    const all = ["--bucket", "my-log", "--table", "my.log", "--region", "eu-west-1", "--aws-profile", "it's"];
    expect(placeWords(flagsOf(...all))).toBe(
      ` --bucket my-log --table my.log --region eu-west-1 --aws-profile 'it'\\''s'`,
    );
  });
});
