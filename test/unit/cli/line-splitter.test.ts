import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, textOf, utf8 } from "../../../lib/base/bytes.ts";
import { LineSplitter } from "../../../lib/cli/line-splitter.ts";

const unlimited = Number.MAX_SAFE_INTEGER;

function linesOf(chunks: readonly Uint8Array[], lineBytesMax = unlimited): Uint8Array[] {
  const splitter = new LineSplitter(lineBytesMax);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  return [...lines, ...splitter.end()];
}

const textLines = (...chunks: string[]): string[] => linesOf(chunks.map(utf8)).map((line) => textOf(line));

/** Bytes rich in line ends, cut anywhere. */
const cutBytes = fc
  .array(fc.oneof(fc.constantFrom(10, 13, 0), fc.integer({ min: 0, max: 255 })), { maxLength: 200 })
  .chain((bytes) =>
    fc.tuple(
      fc.constant(Uint8Array.from(bytes)),
      fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 10 }),
    ),
  )
  .map(([bytes, cuts]) => {
    const sorted = [0, ...cuts.toSorted((a, b) => a - b), bytes.byteLength];
    const chunks = sorted.slice(1).map((to, at) => bytes.subarray(sorted[at], to));
    return { bytes, chunks };
  });

describe("a stream of bytes cut into lines", () => {
  test("has the same lines however it is cut into chunks", () => {
    fc.assert(fc.property(cutBytes, ({ bytes, chunks }) => void expect(linesOf(chunks)).toEqual(linesOf([bytes]))));
  });

  test("is byte-identical when its lines are joined again", () => {
    fc.assert(
      fc.property(cutBytes, ({ bytes, chunks }) => {
        const joined = concatBytes(linesOf(chunks).flatMap((line) => [line, Uint8Array.of(10)]));
        const complete = bytes.byteLength === 0 || bytes.at(-1) === 10;
        expect(joined).toEqual(complete ? bytes : concatBytes([bytes, Uint8Array.of(10)]));
      }),
    );
  });

  test("keeps CR, and ends lines at LF only", () => {
    expect(textLines("a\r\nb\rc\u2028d\n")).toEqual(["a\r", "b\rc\u2028d"]);
  });

  test("has an empty line between two LFs, and none after the last", () => {
    expect(textLines("a\n\nb\n")).toEqual(["a", "", "b"]);
    expect(textLines("\n")).toEqual([""]);
    expect(textLines("")).toEqual([]);
  });

  test("ends with the line that has no LF", () => {
    expect(textLines("a\nla", "st")).toEqual(["a", "last"]);
  });
});

describe("a line that is too long", () => {
  test.each([
    ["in one chunk", ["ab\nabcde\nab\n"]],
    ["over many chunks", ["ab\nab", "cd", "e\nab\n"]],
    ["without an end", ["ab\nabc", "de"]],
  ])("is told by its number, and ends the lines before it: %s", (_, chunks) => {
    const splitter = new LineSplitter(4);
    const lines = chunks.flatMap((chunk) => splitter.push(utf8(chunk)));
    expect([...lines, ...splitter.end()].map((line) => textOf(line))).toEqual(["ab"]);
    expect(splitter.overlongLine).toBe(2);
  });

  test("is one byte longer than the longest that is taken", () => {
    const splitter = new LineSplitter(4);
    expect(splitter.push(utf8("abcd\n"))).toHaveLength(1);
    expect(splitter.overlongLine).toBeUndefined();
  });
});
