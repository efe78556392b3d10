import { indexItemBytes } from "../index-item-facts.ts";
import { type Findings, itemFile } from "./damage.ts";
import type { RawIndexItem } from "./raw-index-items.ts";
import { type EntryPlace, verifyEntries } from "./verify-entry.ts";
import type { VerifyRun } from "./verify-run.ts";
import { verifySegment } from "./verify-segment.ts";

/** What an index item came to. */
export interface IndexItemSeen {
  readonly raw: RawIndexItem;
  readonly findings: Findings;
  /** One past the last offset that it answers for; undefined when that cannot be told. */
  readonly end: number | undefined;
  /** Of the batches that it answers for. */
  readonly bytes: number;
}

/** Checks one index item and everything that it refers to. */
export async function verifyIndexItem(
  run: VerifyRun,
  place: Omit<EntryPlace, "file">,
  raw: RawIndexItem,
): Promise<IndexItemSeen> {
  run.tally.indexItems++;
  const file = itemFile(raw.key);
  const { item } = raw;
  if (typeof item === "string") {
    return {
      raw,
      findings: [{ file, offsets: { from: raw.base, to: raw.base }, what: item }],
      end: undefined,
      bytes: 0,
    };
  }
  const findings: Findings = [];
  const offsets = { from: item.base, to: item.end };
  if (item.base !== raw.base) findings.push({ file, offsets, what: `it says that it begins at offset ${item.base}` });
  if (item.end <= item.base) findings.push({ file, offsets, what: `its range ${item.base} to ${item.end} is none` });
  switch (item.kind) {
    case "void":
      return { raw, findings, end: item.end, bytes: 0 };
    case "segment": {
      findings.push(...(await verifySegment(run, { ...place, file }, item)));
      return { raw, findings, end: item.end, bytes: indexItemBytes(item) };
    }
    case "entries": {
      const seen = await verifyEntries(run, { ...place, file }, item.base, item.entries);
      findings.push(...seen.findings);
      if (seen.end !== item.end && !Number.isNaN(seen.end)) {
        findings.push({ file, offsets, what: `its entries end at offset ${seen.end}, expected ${item.end}` });
      }
      return { raw, findings, end: item.end, bytes: seen.bytes };
    }
  }
}
