import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesText, groupedText, summaryText } from "../../../lib/cli/figures.ts";
import { progressLine } from "../../../lib/cli/progress-line.ts";
import { formatTable } from "../../../lib/cli/table.ts";

describe("figures", () => {
  test.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [1023, "1,023 bytes"],
    [1536, "1.5 KiB"],
    [3 * 1024 ** 3, "3.0 GiB"],
  ])("%i bytes are %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

  test("have their thousands apart", () => {
    expect([7, 999, 1000, 1234567].map(groupedText)).toEqual(["7", "999", "1,000", "1,234,567"]);
  });

  test("tell records, bytes and records a second", () => {
    expect(summaryText({ records: 3000, bytes: 2048 }, 500)).toBe("3,000 records, 2.0 KiB, 6,000 records/s");
    expect(summaryText({ records: 1, bytes: 1 }, 0)).toBe("1 record, 1 byte, 1,000 records/s");
  });
});

describe("a progress line", () => {
  test("shows how much is done", () => {
    expect(progressLine({ doneBytes: 1024, totalBytes: 2048, elapsedMs: 1000 }, 65)).toBe(
      "[#############-------------]  50%  1.0 KiB of 2.0 KiB  1.0 KiB/s",
    );
  });

  test("never reaches the terminal's last column, nor says more than 100%", () => {
    const bytes = fc.nat(1e12);
    fc.assert(
      fc.property(bytes, bytes, fc.nat(1e6), fc.integer({ min: 1, max: 300 }), (doneBytes, totalBytes, ms, columns) => {
        const line = progressLine({ doneBytes, totalBytes, elapsedMs: ms }, columns);
        expect(line.length).toBeLessThan(columns);
        expect(Number(/(\d+)%/.exec(line)?.[1] ?? 0)).toBeLessThanOrEqual(100);
      }),
    );
  });
});

describe("a table", () => {
  test("aligns text left and numbers right", () => {
    const rows = [
      ["orders", 3],
      ["a", 12],
    ];
    expect(formatTable(["TOPIC", "PARTITIONS"], rows)).toBe(
      ["TOPIC   PARTITIONS", "orders           3", "a               12", ""].join("\n"),
    );
  });
});
