import { createHash, timingSafeEqual } from "node:crypto";
import { ANONYMOUS, type Principal } from "../api/log-service.ts";
import { LogError } from "../base/errors.ts";

const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

const TOKEN_HOLDER: Principal = { kind: "user", name: "token" };

/** Who sends a request, by its Authorization; without a token everybody may come in. */
export function tokenGuard(token: string | undefined): (request: Request) => Principal {
  if (token === undefined) return () => ANONYMOUS;
  const expected = digestOf(token);
  return (request) => {
    const given = /^bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    // Digests have one length, and comparing them takes one time, whatever was given.
    if (given !== undefined && timingSafeEqual(digestOf(given), expected)) return TOKEN_HOLDER;
    const message = given === undefined ? "a bearer token is needed" : "the bearer token is not the right one";
    throw new LogError("Unauthenticated", message);
  };
}

/**
 * A check of the host that a request names, and of the page that it comes from: a browser sends both truthfully,
 * so a foreign page cannot reach the log, not even by pointing its own name at this address.
 */
export function hostGuard(allowHosts: readonly string[] | "any"): (request: Request) => void {
  if (allowHosts === "any") return () => undefined;
  const allowed = new Set([...LOOPBACK_HOSTS, ...allowHosts.map((host) => host.toLowerCase())]);
  const check = (what: "Host" | "Origin", url: string): void => {
    const host = URL.canParse(url) ? new URL(url) : undefined;
    if (host !== undefined && (allowed.has(host.hostname) || allowed.has(host.host))) return;
    const told = host?.host ?? url;
    const message = `${what} "${told}" is not allowed here: start the server with --allow-host ${told}`;
    throw new LogError("ClusterAuthorizationFailed", message, { details: { [what.toLowerCase()]: told } });
  };
  return (request) => {
    check("Host", request.url);
    const host = request.headers.get("host");
    if (host !== null) check("Host", `http://${host}`);
    const origin = request.headers.get("origin");
    if (origin !== null) check("Origin", origin);
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
