import { describe, expect, test } from "vitest";
import { checkLoad, checkSame } from "../../support/load/check-load.ts";
import type { SentRecord } from "../../support/load/numbered-producer.ts";
import { idOfValue, numberedValue } from "../../support/load/numbered-record.ts";

const told = (id: string, outcome: SentRecord["outcome"], offset = -1): SentRecord => {
  return { id, partition: 0, outcome, offset, error: undefined };
};
const sent = [
  told("a-0", "acknowledged", 0),
  told("b-0", "acknowledged", -1),
  told("a-1", "unknown"),
  told("a-2", "refused"),
];

describe("what producers were told against what was read", () => {
  test.each([["without what is unknown", ["a-0", "b-0"]] as const, ["with it", ["a-0", "b-0", "a-1"]] as const])(
    "agrees %s",
    (_, read) => expect(() => checkLoad(sent, [read])).not.toThrow(),
  );

  test.each<[string, string[], RegExp]>([
    ["a record that is lost", ["a-0"], /b-0 was acknowledged at .* is lost/],
    ["a record that stands twice", ["a-0", "b-0", "a-0"], /a-0 stands at 0\/0 and again at 0\/2/],
    ["a record that stands elsewhere", ["b-0", "a-0"], /a-0 was acknowledged at 0\/0 and stands at 0\/1/],
    ["a refused record that is there", ["a-0", "b-0", "a-2"], /a-2 was refused/],
    ["a record that nobody sent", ["a-0", "b-0", "c-0"], /c-0, .*never sent/],
  ])("tells of %s", (_, read, message) => {
    expect(() => checkLoad(sent, [read])).toThrow(message);
  });

  test("tells of an order that changed, also of records that nobody was sure of", () => {
    const unsure = [told("a-0", "unknown"), told("a-1", "unknown")];
    expect(() => checkLoad(unsure, [["a-1", "a-0"]])).toThrow(/a-0, at 0\/1, comes after number 1/);
  });

  test("tells of two readers that do not agree", () => {
    expect(() => checkSame([[["a-0", "b-0"]], [["a-0", "b-0"]]])).not.toThrow();
    expect(() => checkSame([[["a-0", "b-0"]], [["a-0", "a-1"]]])).toThrow(/offset 1: two readers read b-0 and a-1/);
  });

  test("tells of a value that is not the one that was sent", () => {
    expect(idOfValue(numberedValue("a", 7))).toBe("a-7");
    expect(() => idOfValue(numberedValue("a", 7).slice(0, -1))).toThrow(/reads back as a-7/);
  });
});
