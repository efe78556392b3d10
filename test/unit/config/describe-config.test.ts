import { expect, test } from "vitest";
import { describeConfig } from "../../../lib/config/describe-config.ts";
import { loadConfig } from "../../../lib/config/load-config.ts";
import { SETTING_NAMES } from "../../../lib/config/settings.ts";

const described = (environment: Record<string, string>) =>
  describeConfig(loadConfig({ environment, workingDirectory: "/nowhere" }));

test("every setting is told with its value, source, flag and variable", () => {
  const settings = described({ TIDELOG_PORT: "0" });
  expect(settings.map((setting) => setting.name)).toEqual(SETTING_NAMES);
  expect(settings.find((setting) => setting.name === "port")).toMatchObject({
    value: 0,
    source: { kind: "environment", origin: "TIDELOG_PORT" },
    flag: "--port",
    variable: "TIDELOG_PORT",
  });
  expect(settings.find((setting) => setting.name === "dataDir")).toMatchObject({
    value: "/nowhere/tidelog-data",
    flag: "--data-dir",
    variable: "TIDELOG_DATA_DIR",
  });
});

test("a secret is never part of what is printed", () => {
  const settings = described({ TIDELOG_TOKEN: "s3cret" });
  expect(JSON.stringify(settings)).not.toContain("s3cret");
  expect(settings.find((setting) => setting.name === "token")?.value).toBe("[redacted]");
  expect(described({}).find((setting) => setting.name === "token")?.value).toBeUndefined();
});
