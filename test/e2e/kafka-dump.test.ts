import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dumpSegment } from "../support/kafka-dump/dump-tool.ts";
import { ourDump } from "../support/kafka-dump/our-dump.ts";
import { parseDump } from "../support/kafka-dump/parse-dump.ts";
import { codecSegment } from "../support/log/codec-segment.ts";
import { compactedSegment } from "../support/log/compacted-segment.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { testLength } from "../support/test-length.ts";

// Wants Java, Maven and the network: in `npm test` the dump in test/fixtures stands for it. Where it runs, a machine
// without them fails it.
describe.runIf(testLength !== "quick")("Apache Kafka's kafka.tools.DumpLogSegments", () => {
  test("reads a segment that was just rolled as we do, without complaint, in all five codecs", async () => {
    const directory = await temporaryDirectory();
    try {
      const segment = await codecSegment();
      expect(parseDump(dumpSegment(segment, directory.path))).toEqual(await ourDump(segment));
    } finally {
      await directory.remove();
    }
  });

  test("reads a segment that was just compacted as we do, without complaint, in all five codecs", async () => {
    const directory = await temporaryDirectory();
    try {
      const segment = await compactedSegment();
      expect(parseDump(dumpSegment(segment, directory.path))).toEqual(await ourDump(segment));
    } finally {
      await directory.remove();
    }
  });

  test.each([
    ["segment.bin", "dump.txt"],
    ["compacted.bin", "compacted-dump.txt"],
  ])("prints of %s in test/fixtures what is kept in %s", async (segment, dump) => {
    const directory = await temporaryDirectory();
    const fixture = (name: string) => readFileSync(new URL(`../fixtures/kafka-dump/${name}`, import.meta.url));
    try {
      expect(dumpSegment(fixture(segment), directory.path)).toBe(fixture(dump).toString());
    } finally {
      await directory.remove();
    }
  });
});
