const LEVEL_COLORS: Readonly<Record<string, number>> = { debug: 90, info: 36, warn: 33, error: 31 };

/** A log line of JSON as a person reads it on a terminal: time, level, message, then the fields. */
export function prettyLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const name = String(level);
  const rest = Object.entries(fields).map(([field, value]) => ` ${dim(`${field}=`)}${valueText(value)}`);
  return `${dim(clock)} ${color(LEVEL_COLORS[name] ?? 0, name.toUpperCase().padEnd(5))} ${String(msg)}${rest.join("")}\n`;
}

function valueText(value: unknown): string {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  const stack = typeof value === "object" && value !== null && "stack" in value ? value.stack : undefined;
  return typeof stack === "string" ? `\n    ${stack.replaceAll("\n", "\n    ")}` : JSON.stringify(value);
}

const color = (code: number, text: string): string => `\u001b[${code}m${text}\u001b[0m`;
const dim = (text: string): string => color(2, text);
