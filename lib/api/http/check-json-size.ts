import { LogError } from "../../base/errors.ts";
import { jsonDepthMax, jsonValuesMax } from "../../base/limits.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * Refuses a text of more values, or more nesting, than a server should take apart at one go, before anything is
 * allocated for it. Counts brackets and commas outside of strings: what is no JSON is left for the parser to refuse.
 */
export function checkJsonSize(text: string, field: "body" | "header"): void {
  let values = 1;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) values++;
    else if (opens(code)) {
      values++;
      depth++;
    } else if (closes(code)) depth--;
    if (depth > jsonDepthMax) throw tooDeep(field);
    if (values > jsonValuesMax) throw tooMany(field);
  }
}

// By the engine's own search: strings are most of a body, and a loop over their characters takes as long as parsing.
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let from = at;
  while (text.charCodeAt(from - 1) === BACKSLASH) from--;
  return (at - from) % 2 === 1;
}

/** "{" or "[". */
function opens(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}

/** "}" or "]". */
function closes(code: number): boolean {
  return code === 0x7d || code === 0x5d;
}

function tooDeep(field: string): LogError {
  const expected = `at most ${jsonDepthMax} levels of nesting`;
  return new LogError("InvalidRequest", `${field}: expected ${expected}`, { details: { field, expected } });
}

function tooMany(field: string): LogError {
  const message = `the ${field} holds more than ${jsonValuesMax} JSON values: send it in several requests, or in batches`;
  return new LogError("RequestTooLarge", message, { details: { field, valuesMax: jsonValuesMax } });
}
