import { isIPv6 } from "node:net";
import { hostname, networkInterfaces } from "node:os";

const WILDCARDS = new Set(["0.0.0.0", "::", ""]);

/**
 * The names under which requests rightly come to a server on this address: the address itself or, where it listens
 * on all, every address of this machine and its name. Anything else is for the operator to allow.
 */
export function ownHostNames(host: string): string[] {
  if (!WILDCARDS.has(host)) return [asInUrl(host)];
  const addresses = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return [hostname().toLowerCase(), ...addresses.map(({ address }) => asInUrl(address))];
}

function asInUrl(host: string): string {
  return isIPv6(host) ? `[${host}]` : host.toLowerCase();
}
