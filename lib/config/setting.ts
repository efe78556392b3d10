import type * as z from "zod";

/** One thing that can be set, by flag, environment variable and configuration file alike. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** Checks a value as a JSON file or a parsed text gives it. */
  readonly schema: Schema;
  /** Turns a flag's or variable's text into what the schema takes; text that makes no sense passes unchanged. */
  readonly fromText: (text: string) => unknown;
  readonly fallback: z.output<Schema>;
  readonly about: string;
  /** Never printed or logged. */
  readonly secret?: boolean;
  /** A path: relative ones count from the file that names them, or from the working directory. */
  readonly path?: boolean;
}

export function setting<Schema extends z.ZodType>(definition: Setting<Schema>): Setting<Schema> {
  return definition;
}

export const asText = (text: string): unknown => text;

export function asNumber(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

export function asBoolean(text: string): unknown {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  return text;
}

const BYTES_PER_UNIT = { "": 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** "1048576", "1024KiB" or "1MiB". */
export function asBytes(text: string): unknown {
  const parts = /^(\d+)\s*(B|KiB|MiB|GiB|)$/.exec(text);
  if (parts === null) return text;
  return Number(parts[1]) * BYTES_PER_UNIT[parts[2] as keyof typeof BYTES_PER_UNIT];
}

/** "a,b,c"; empty parts are left out. */
export function asList(text: string): unknown {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** "retention.ms=1000,cleanup.policy=delete"; a part without "=" leaves the text as it is, for the schema to refuse. */
export function asPairs(text: string): unknown {
  const pairs: [string, string][] = [];
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    if (at <= 0) return text;
    pairs.push([part.slice(0, at).trim(), part.slice(at + 1).trim()]);
  }
  return Object.fromEntries(pairs);
}
