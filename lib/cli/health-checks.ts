import { dataFormatVersion } from "../adapters/embedded/data-format.ts";
import type { ServerDescription } from "../client/index.ts";
import { bytesText } from "./figures.ts";

export type Health = "ok" | "warn" | "fail";

/** One thing that was looked at. */
export interface HealthCheck {
  readonly check: "reachability" | "versions" | "clock" | "disk" | "data format";
  readonly status: Health;
  readonly message: string;
  /** What to do about it, when it is not ok. */
  readonly nextStep?: string;
}

const MIB = 1024 * 1024;
const diskFreeBytesWarn = 1024 * MIB;
const diskFreeBytesFail = 64 * MIB;
const clockDifferenceMsWarn = 2_000;
/** Timestamps that far from the server's are refused, or mislead whoever reads by time. */
const clockDifferenceMsFail = 10 * 60 * 1000;

export interface Versions {
  readonly client: string;
  readonly clientNode: string;
  readonly server: string;
  readonly serverNode: string;
}

export function checkVersions({ client, clientNode, server, serverNode }: Versions): HealthCheck {
  const message = `command ${client} on Node ${clientNode}, server ${server} on Node ${serverNode}`;
  if (release(client) === release(server)) return { check: "versions", status: "ok", message };
  return { check: "versions", status: "warn", message, nextStep: "bring both to one version" };
}

/** Releases of one major and minor version speak the same. */
function release(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** Ahead is positive. The server's clock was read some time within the round trip. */
export function checkClock(aheadMs: number, roundTripMs: number): HealthCheck {
  const surelyMs = Math.max(0, Math.abs(aheadMs) - roundTripMs / 2);
  const apart = `${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? "ahead of" : "behind"} this machine's`;
  const nextStep = "set the clocks of both machines by NTP";
  if (surelyMs >= clockDifferenceMsFail) {
    return { check: "clock", status: "fail", message: `the server's clock is ${apart}`, nextStep };
  }
  if (surelyMs >= clockDifferenceMsWarn) {
    return { check: "clock", status: "warn", message: `the server's clock is ${apart}`, nextStep };
  }
  return { check: "clock", status: "ok", message: "the server's clock agrees with this machine's" };
}

export function checkDisk({ kind, location, freeBytes, totalBytes }: ServerDescription["storage"]): HealthCheck {
  const where = `${kind} ${location}`;
  if (freeBytes === undefined) return { check: "disk", status: "ok", message: `${where}, without a limit of its own` };
  const of = totalBytes === undefined ? "" : ` of ${bytesText(totalBytes)}`;
  const message = `${where} has ${bytesText(freeBytes)}${of} free`;
  if (freeBytes >= diskFreeBytesWarn) return { check: "disk", status: "ok", message };
  const nextStep = "free space there, or move the data to a larger disk: tidelog start --data-dir D";
  return { check: "disk", status: freeBytes < diskFreeBytesFail ? "fail" : "warn", message, nextStep };
}

export function checkFormat(format: number): HealthCheck {
  const message = `the data has format ${format}`;
  if (format <= dataFormatVersion) return { check: "data format", status: "ok", message };
  return {
    check: "data format",
    status: "warn",
    message: `${message}, this command knows up to ${dataFormatVersion}`,
    nextStep: "update this command before it starts a server on that data",
  };
}

/** A line per check, and below it what to do. */
export function healthText(checks: readonly HealthCheck[]): string {
  return checks
    .map(({ check, status, message, nextStep }) => {
      const line = `${status.padEnd(4)}  ${check.padEnd("reachability".length)}  ${message}\n`;
      return nextStep === undefined ? line : `${line}      -> ${nextStep}\n`;
    })
    .join("");
}
