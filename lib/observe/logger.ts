import { pino } from "pino";
import type { Logger, LogLevel } from "../base/logger.ts";
import { prettyLine } from "./pretty-line.ts";
import { redactor } from "./redact.ts";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: pretty when `destination` is a terminal. */
  readonly format: "auto" | "json" | "pretty";
  /** Texts that must not appear anywhere, as the token of the server. */
  readonly secrets?: readonly string[];
  /** Default: stderr, because stdout belongs to commands' results. */
  readonly destination?: { write(line: string): unknown; readonly isTTY?: boolean };
}

/** Structured log lines: one JSON object a line with time (ISO), level, msg and the fields, secrets taken out. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? process.stderr;
  const pretty = options.format === "pretty" || (options.format === "auto" && destination.isTTY === true);
  const sink = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void destination.write(pretty ? prettyLine(line) : line) },
  );
  const redact = redactor(options.secrets ?? []);
  const writer =
    (level: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (!sink.isLevelEnabled(level)) return;
      sink[level](redact(fields) as object, redact(message) as string);
    };
  return { debug: writer("debug"), info: writer("info"), warn: writer("warn"), error: writer("error") };
}

/** A logger that adds `fields` (a request's id, say) to every line. */
export function withFields(logger: Logger, fields: Readonly<Record<string, unknown>>): Logger {
  return {
    debug: (message, more) => logger.debug(message, { ...fields, ...more }),
    info: (message, more) => logger.info(message, { ...fields, ...more }),
    warn: (message, more) => logger.warn(message, { ...fields, ...more }),
    error: (message, more) => logger.error(message, { ...fields, ...more }),
  };
}
