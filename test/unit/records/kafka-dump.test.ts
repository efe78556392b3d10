import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMPRESSION_CODES } from "../../../lib/base/compression.ts";
import { ourDump } from "../../support/kafka-dump/our-dump.ts";
import { parseDump } from "../../support/kafka-dump/parse-dump.ts";

const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/kafka-dump/${name}`, import.meta.url));
/** A segment of ours, and what kafka.tools.DumpLogSegments of Apache Kafka 4.1.0 printed of it. */
const segment = new Uint8Array(fixture("segment.bin"));
const dumped = parseDump(fixture("dump.txt").toString());

describe("a segment of ours as Apache Kafka's own tool has read it", () => {
  test("holds all five codecs, and Kafka found every batch valid", () => {
    expect(new Set(dumped.map(({ codec }) => codec))).toEqual(new Set(Object.keys(COMPRESSION_CODES)));
    expect(dumped.map(({ isValid }) => isValid)).toEqual(dumped.map(() => true));
    expect(dumped.flatMap(({ records }) => records)).toHaveLength(70);
  });

  test("has the same offsets, times, keys, values, sizes, sequences and checksums as our decoding", async () => {
    expect(await ourDump(segment)).toEqual(dumped);
  });

  test("that compaction has left has gaps, and tombstones with the time at which they may go, as we read it", async () => {
    const compacted = parseDump(fixture("compacted-dump.txt").toString());
    expect(await ourDump(new Uint8Array(fixture("compacted.bin")))).toEqual(compacted);
    expect(new Set(compacted.map(({ codec }) => codec))).toEqual(new Set(Object.keys(COMPRESSION_CODES)));
    expect(compacted.map(({ isValid }) => isValid)).toEqual(compacted.map(() => true));
    const thinned = compacted.filter(({ count, baseOffset, lastOffset }) => count < lastOffset - baseOffset + 1);
    expect(thinned).toHaveLength(3);
    const behindGaps = compacted.filter(
      ({ baseOffset }, at) => baseOffset !== (compacted[at - 1]?.lastOffset ?? -1) + 1,
    );
    expect(behindGaps).toHaveLength(2);
    expect(compacted.filter(({ deleteHorizonMs }) => deleteHorizonMs !== undefined)).toHaveLength(5);
  });

  test("is refused as a dump when the tool says anything else", () => {
    expect(() => parseDump("Found 3 invalid bytes at the end of x.log")).toThrow("Found 3 invalid bytes");
  });
});
