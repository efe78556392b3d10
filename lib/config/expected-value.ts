import type * as z from "zod";

const TYPES: Readonly<Record<string, string>> = {
  number: "a whole number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  record: "pairs of name=value",
};

/** What a setting would have taken, in words: "expected at most 65535". */
export function expectedValue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${TYPES[issue.expected] ?? `a ${issue.expected}`}`;
    case "too_small":
      return issue.origin === "string" ? "expected some text" : `expected at least ${issue.minimum}`;
    case "too_big":
      return `expected at most ${issue.maximum}`;
    case "invalid_value":
      return `expected ${issue.values.join(" or ")}`;
    default:
      return issue.message;
  }
}
