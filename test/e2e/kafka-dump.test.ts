import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dumpSegment } from "../support/kafka-dump/dump-tool.ts";
import { ourDump } from "../support/kafka-dump/our-dump.ts";
import { parseDump } from "../support/kafka-dump/parse-dump.ts";
import { codecSegment } from "../support/log/codec-segment.ts";
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

  test("prints of the segment in test/fixtures what is kept there", async () => {
    const directory = await temporaryDirectory();
    const fixture = (name: string) => readFileSync(new URL(`../fixtures/kafka-dump/${name}`, import.meta.url));
    try {
      expect(dumpSegment(fixture("segment.bin"), directory.path)).toBe(fixture("dump.txt").toString());
    } finally {
      await directory.remove();
    }
  });
});
