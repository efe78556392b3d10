/** What differs from run to run and from machine to machine, and what stands for it on both sides. */
const VARIABLE: readonly (readonly [RegExp, string])[] = [
  [/http:\/\/127\.0\.0\.1:\d+/g, "<address>"],
  [/ --endpoint <address>/g, ""],
  [/\/\S*\/(?=tidelog-data|my-log|tidelog\.json)/g, "<directory>/"],
  [/\b\d{13}\b/g, "<ms since the epoch>"],
  [/\b[0-9a-f]{32}\b/g, "<id>"],
  [/\bTidelog \d+\.\d+\.\d+\b/g, "Tidelog <version>"],
  [/ {2,}/g, "  "],
];

/** A line of shown output that stands for any number of lines. */
const ELISION = "...";

/** Output as lines in which what may vary does not; blanks at the ends do not count. */
export function comparableLines(output: string): readonly string[] {
  const settled = VARIABLE.reduce((text, [pattern, name]) => text.replace(pattern, name), output.trim());
  return settled.split("\n").map((line) => line.trim());
}

/** The first line of `shown` that `came` does not have where it should; undefined when they agree. */
export function firstDifference(shown: string, came: string): string | undefined {
  const wanted = comparableLines(shown);
  const lines = comparableLines(came);
  let at = 0;
  let searching = false;
  for (const line of wanted) {
    if (line === ELISION) {
      searching = true;
      continue;
    }
    const found = searching ? lines.indexOf(line, at) : at;
    if (found < 0 || lines[found] !== line) return line;
    at = found + 1;
    searching = false;
  }
  return searching || at === lines.length ? undefined : `(nothing more, but ${lines[at]} came)`;
}

/** The same as JSON: formatting and the order of names do not count. */
export function comparableJson(text: string): unknown {
  const settled = text.replace(/(?<=:\s*)\d{13}\b/g, '"<ms since the epoch>"').replace(/\b[0-9a-f]{32}\b/g, "<id>");
  return JSON.parse(settled);
}
