import { type Effect, LogError, messageOf } from "../base/errors.ts";

/** Failures of name resolution, of connecting and of TLS: no byte of the request was sent. */
const NOT_SENT = new Map([
  ["ECONNREFUSED", "nothing listens there"],
  ["ENOTFOUND", "the host name is not known"],
  ["EAI_AGAIN", "the host name cannot be looked up now"],
  ["EHOSTUNREACH", "the host cannot be reached"],
  ["ENETUNREACH", "the network cannot be reached"],
  ["EADDRNOTAVAIL", "the address cannot be used from here"],
  ["UND_ERR_CONNECT_TIMEOUT", "no connection in time"],
  ["CERT_HAS_EXPIRED", "the server's certificate has expired"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the server's certificate is for another name"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "the server's certificate is not trusted"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "the server's certificate is not trusted"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "the server's certificate is not trusted"],
]);

/** What a request that got no answer may have done: nothing when it was provably not sent, else `effect`. */
export function networkErrorOf(cause: unknown, endpoint: string, effect: Effect): LogError {
  const code = codeOf(cause);
  const reason = code === undefined ? undefined : NOT_SENT.get(code);
  const message =
    reason === undefined
      ? `the connection to ${endpoint} broke before the answer (${code ?? messageOf(cause)})`
      : `cannot reach ${endpoint}: ${reason}`;
  return new LogError("NetworkException", message, {
    effect: reason === undefined ? effect : "none",
    details: code === undefined ? { endpoint } : { endpoint, cause: code },
    cause,
  });
}

// `fetch` wraps what the socket said; a host with several addresses fails with one error for each of them.
function codeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
    if (at instanceof AggregateError) return codeOf(at.errors[0]);
  }
  return undefined;
}
