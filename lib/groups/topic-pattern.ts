import { RE2JS, RE2JSException } from "re2js";
import { LogError, messageOf } from "../base/errors.ts";
import { topicPatternLengthMax } from "../base/limits.ts";

const REMEMBERED_MAX = 1000;
const remembered = new Map<string, RE2JS>();

/**
 * Whether a whole topic name matches a pattern in RE2's syntax, which is what Kafka takes for subscriptions, in
 * time linear in the name. `InvalidRegularExpression` when the pattern is none.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  return compilePattern(pattern).matches(name);
}

export function compilePattern(pattern: string): RE2JS {
  const known = remembered.get(pattern);
  if (known !== undefined) return known;
  const compiled = compile(pattern);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): RE2JS {
  if (pattern === "" || pattern.length > topicPatternLengthMax) {
    throw invalidPattern(pattern, `it must have 1 to ${topicPatternLengthMax} characters`);
  }
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw invalidPattern(pattern, messageOf(error));
    throw error;
  }
}

function invalidPattern(pattern: string, why: string): LogError {
  const shown = JSON.stringify(pattern.slice(0, 100));
  return new LogError("InvalidRegularExpression", `the topic pattern ${shown} is no RE2 expression: ${why}`);
}
