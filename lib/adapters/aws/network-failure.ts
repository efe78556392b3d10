/** Steps of a connection before anything of a request can be sent. */
const BEFORE_SENDING = new Set(["connect", "getaddrinfo", "queryA", "queryAaaa"]);

/**
 * Whether a request failed before any of it was sent: no address, no connection, no trust in the other side.
 * Then nothing happened. Anything else, a reset above all, may come after the effect.
 */
export function neverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { syscall, code, errors } = error as { syscall?: unknown; code?: unknown; errors?: unknown };
  // Several addresses were tried: none may have got further.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(neverSent);
  if (typeof syscall === "string" && BEFORE_SENDING.has(syscall)) return true;
  return typeof code === "string" && refusedCertificate(code);
}

/** Node's codes for a certificate that does not verify (its TLS documentation, "X509 certificate error codes"). */
function refusedCertificate(code: string): boolean {
  return code.startsWith("ERR_TLS_CERT") || code.includes("CERT_") || code.startsWith("UNABLE_TO_");
}
