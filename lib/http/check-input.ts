import type * as z from "zod";
import { checkJsonSize } from "../api/http/check-json-size.ts";
import { LogError } from "../base/errors.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The value as the schema has it, else an `InvalidRequest` that names the field, what was expected and what came. */
export function checkInput<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  throw refusal(where, value, outcome.error.issues[0] as Issue);
}

/** The body's text as JSON, of a size that can be worked on at one go. */
export function parseJson(text: string): unknown {
  checkJsonSize(text, "body");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const details = { field: "body", expected: "JSON", actual: shortened(text) };
    const reason = cause instanceof Error ? cause.message : "";
    throw new LogError("InvalidRequest", `the body is not JSON: ${reason}`, { details });
  }
}

/** Digits as a number, so that a schema can tell "abc" from 12; anything else as it came. */
export function numberIfDigits(text: string): string | number {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

function refusal(where: string, value: unknown, found: Issue): LogError {
  const { issue, path } = nearest(found, found.path);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const at = unknown === undefined ? path : [...path, unknown];
  const field = fieldName(where, at);
  const expected = expectation(issue);
  const actual = shown(valueAt(value, at));
  const message = unknown === undefined ? `${field}: expected ${expected}, got ${actual}` : `${field}: no such field`;
  return new LogError("InvalidRequest", message, { details: { field, expected, actual } });
}

// Of the forms that a value may take, the one meant is the one in which most was right: its issue lies deepest.
function nearest(issue: Issue, path: Path): { issue: Issue; path: Path } {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return { issue, path };
  const deepest = issue.errors
    .flatMap((branch) => branch.slice(0, 1))
    .map((inner) => nearest(inner as Issue, [...path, ...inner.path]))
    .filter((inner) => inner.path.length > path.length || inner.issue.code === "unrecognized_keys")
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  return deepest ?? { issue, path };
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPE_NAMES[issue.expected] ?? `a ${issue.expected}`;
    case "too_small":
      if (issue.inclusive === false) return `more than ${issue.minimum}`;
      return issue.origin === "array" ? `at least ${issue.minimum} entries` : `at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "array" ? `at most ${issue.maximum} entries` : `at most ${issue.maximum}`;
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "invalid_format":
      return issue.format === "datetime" ? "an ISO 8601 time" : issue.format;
    case "unrecognized_keys":
      return "no such field";
    case "invalid_union":
      return unionExpectation(issue);
    default:
      return issue.message;
  }
}

function unionExpectation(issue: z.core.$ZodIssueInvalidUnion): string {
  const options: unknown = "options" in issue ? issue.options : undefined;
  if (Array.isArray(options)) return options.map((option) => JSON.stringify(option)).join(" or ");
  const branches = issue.errors.map((branch) => expectation(branch[0] as Issue));
  return [...new Set(branches)].join(" or ");
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a whole number",
  object: "an object",
  array: "a list",
  null: "null",
  boolean: "true or false",
  record: "an object",
};

function fieldName(where: string, path: Path): string {
  return path.reduce<string>((name, key) => {
    return typeof key === "number" ? `${name}[${key}]` : `${name}.${String(key)}`;
  }, where);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : shortened(JSON.stringify(value));
}

const SHOWN_CHARACTERS = 80;

function shortened(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
