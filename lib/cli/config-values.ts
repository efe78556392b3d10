import type { ConfigValues } from "../client/index.ts";
import { UsageError } from "./command-error.ts";
import type { Pair } from "./parse-arguments.ts";

/** Repeated `--config K=V` as values by name; one name given twice is a mistake worth telling. */
export function configValues(pairs: readonly Pair[] = []): ConfigValues {
  const values = new Map<string, string>();
  for (const { key, value } of pairs) {
    if (values.has(key)) throw new UsageError(`--config ${key} is given twice; leave one out`);
    values.set(key, value);
  }
  return Object.fromEntries(values);
}
