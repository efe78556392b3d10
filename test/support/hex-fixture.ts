import { readFileSync } from "node:fs";

/** Bytes of a fixture in hex: the first columns of each line up to two spaces; lines with # are comments. */
export function hexFixture(name: string): Uint8Array {
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
  const hex = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.split("  ", 1)[0] ?? "")
    .join("")
    .replaceAll(" ", "");
  return new Uint8Array(Buffer.from(hex, "hex"));
}
