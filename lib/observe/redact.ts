import { LogError } from "../base/errors.ts";

export const REDACTED = "[redacted]";

const SECRET_NAME = /token|authorization|secret|password|passphrase|cookie|credential|api-?key|private-?key|signature/i;
/** Schemes with a credential behind them, and credentials inside URLs. */
const SECRET_TEXT = /\b(bearer|basic)\s+[^\s"',;]+|(:\/\/)[^/\s@]+@/gi;
const DEPTH_MAX = 6;
const ELEMENTS_MAX = 50;

export type Redact = (value: unknown) => unknown;

/**
 * Makes any value fit to be logged: what is named like a secret, looks like a credential, or contains one of
 * `secrets` is replaced; bytes become their count, because they may be a user's records; errors become plain values;
 * depth and width are bounded.
 */
export function redactor(secrets: readonly string[]): Redact {
  const known = secrets.filter((secret) => secret !== "");

  function text(value: string): string {
    let clean = value.replace(SECRET_TEXT, (_, scheme: string | undefined) =>
      scheme === undefined ? `://${REDACTED}@` : `${scheme} ${REDACTED}`,
    );
    for (const secret of known) clean = clean.replaceAll(secret, REDACTED);
    return clean;
  }

  function fields(value: object, depth: number): Record<string, unknown> {
    const clean: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(value)) {
      clean[name] = SECRET_NAME.test(name) && typeof field !== "number" ? REDACTED : plain(field, depth + 1);
    }
    return clean;
  }

  function errorFields(error: Error, depth: number): Record<string, unknown> {
    return {
      name: error.name,
      message: text(error.message),
      ...(error instanceof LogError
        ? { code: error.code, effect: error.effect, details: plain(error.details, depth + 1) }
        : {}),
      ...(error.stack === undefined ? {} : { stack: text(error.stack) }),
      ...(error.cause === undefined ? {} : { cause: plain(error.cause, depth + 1) }),
    };
  }

  function plain(value: unknown, depth: number): unknown {
    if (typeof value === "string") return text(value);
    if (typeof value === "bigint" || typeof value === "symbol") return String(value);
    if (typeof value !== "object" || value === null) return value;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (depth >= DEPTH_MAX) return "[deeper]";
    if (value instanceof Error) return errorFields(value, depth);
    if (Array.isArray(value)) return value.slice(0, ELEMENTS_MAX).map((element) => plain(element, depth + 1));
    return fields(value, depth);
  }

  return (value) => plain(value, 0);
}
