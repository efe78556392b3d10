import { describe, expect, test } from "vitest";
import { checkClock, checkDisk, checkFormat, checkVersions, healthText } from "../../../lib/cli/health-checks.ts";

const MIB = 1024 * 1024;
const statusOf = ({ status }: { status: string }): string => status;

describe("health checks", () => {
  test("find nothing wrong with what is usual", () => {
    const versions = { client: "1.2.3", clientNode: "v24.1.0", server: "1.2.9", serverNode: "v24.2.0" };
    const storage = { kind: "directory", location: "/data", freeBytes: 5000 * MIB };
    const checks = [checkVersions(versions), checkClock(3, 2), checkDisk(storage), checkFormat(1)];
    expect(checks.map(statusOf)).toEqual(["ok", "ok", "ok", "ok"]);
  });

  test("warn of a server of another release", () => {
    const versions = { client: "1.2.3", clientNode: "v24.1.0", server: "1.3.0", serverNode: "v24.1.0" };
    expect(checkVersions(versions)).toMatchObject({ status: "warn", nextStep: expect.stringContaining("version") });
  });

  test.each([
    [0, "ok"],
    [1_900, "ok"],
    [5_000, "warn"],
    [-5_000, "warn"],
    [-3_600_000, "fail"],
  ])("find a clock that is %i ms ahead: %s", (aheadMs, status) => {
    expect(checkClock(aheadMs, 10).status).toBe(status);
  });

  test("do not blame the clock for a slow answer", () => {
    expect(checkClock(3_000, 4_000).status).toBe("ok");
  });

  test.each([
    [undefined, "ok"],
    [2000 * MIB, "ok"],
    [500 * MIB, "warn"],
    [MIB, "fail"],
  ])("find a disk with %s free bytes: %s", (freeBytes, status) => {
    expect(checkDisk({ kind: "directory", location: "/data", freeBytes }).status).toBe(status);
  });

  test("warn of data that this release does not know", () => {
    expect(checkFormat(999).status).toBe("warn");
  });

  test("are told a line each, with what to do below", () => {
    const text = healthText([checkFormat(1), checkDisk({ kind: "directory", location: "/data", freeBytes: 0 })]);
    expect(text.split("\n")).toEqual([
      "ok    data format   the data has format 1",
      "fail  disk          directory /data has 0 bytes free",
      expect.stringMatching(/^ {6}-> free space/),
      "",
    ]);
  });
});
