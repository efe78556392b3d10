import { BlockList, isIP } from "node:net";
import { LogError } from "../base/errors.ts";
import type { Config } from "../config/settings.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether only this machine can reach the address. A name other than localhost may resolve to anything. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(address);
  if (family === 0) return address.toLowerCase() === "localhost";
  return loopback.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** Refuses to offer everything in the log to whoever can reach an address, unless somebody has said so. */
export function checkExposure(config: Pick<Config, "host" | "token" | "insecure">): void {
  if (isLoopback(config.host) || config.token !== undefined || config.insecure) return;
  throw new LogError(
    "InvalidConfig",
    `on ${config.host} others can reach the log: set TIDELOG_TOKEN or --token-file, or say --insecure`,
    { details: { host: config.host } },
  );
}
