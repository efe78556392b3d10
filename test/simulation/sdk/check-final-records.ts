import type { Codecs } from "../../../lib/base/compression.ts";
import { decodeBatch } from "../../../lib/records/decode-batch.ts";
import type { FinalLog } from "../checkers/final-log.ts";
import type { History, KnownPartition } from "../history.ts";
import { type LedgerRecord, type RecordLedger, recordName } from "./record-ledger.ts";

const DECOMPRESSED_BYTES_MAX = 1 << 24;

interface Judging {
  readonly history: History;
  readonly records: RecordLedger;
  readonly where: string;
  readonly log: FinalLog;
  /** Names by offset. */
  readonly standing: ReadonlyMap<number, string>;
}

/** Judges a partition's final content, record by record, against what users of the SDK were told. */
export async function checkFinalRecords(
  history: History,
  records: RecordLedger,
  log: FinalLog,
  codecs: Codecs,
): Promise<void> {
  const standing = await namesByOffset(log, codecs);
  const judging = { history, records, log, standing, where: `${log.topic}-${log.partition}` };
  const offsets = checkOnce(judging);
  checkOrder(judging);
  for (const record of records.records) if (record.topic === log.topic) checkTold(judging, record, offsets);
  const known = history.known(log.topic, log.partition);
  if (known !== undefined) checkPolled(judging, known);
}

async function namesByOffset(log: FinalLog, codecs: Codecs): Promise<Map<number, string>> {
  const standing = new Map<number, string>();
  const options = { codecs, decompressedBytesMax: DECOMPRESSED_BYTES_MAX, verifyCrc: true };
  for (const { bytes } of log.batches) {
    for (const { offset, value } of await decodeBatch(bytes, options)) standing.set(offset, recordName(value));
  }
  return standing;
}

function checkOnce({ history, records, standing, where }: Judging): Map<string, number> {
  const offsets = new Map<string, number>();
  for (const [offset, name] of standing) {
    const first = offsets.get(name);
    if (first !== undefined && records.find(name) !== undefined) {
      history.report("OnceOnly", `${where}: record ${name} stands at ${first} and at ${offset}`);
    }
    offsets.set(name, offset);
  }
  return offsets;
}

function checkOrder({ history, records, standing, where }: Judging): void {
  const last = new Map<string, LedgerRecord>();
  for (const [, name] of [...standing].sort(([a], [b]) => a - b)) {
    const record = records.find(name);
    if (record === undefined || record.outcome.kind !== "published") continue;
    const before = last.get(record.producer);
    if (before !== undefined && before.order > record.order) {
      history.report("SendOrder", `${where}: record ${record.name} stands after ${before.name}`);
    }
    last.set(record.producer, record);
  }
}

function checkTold(judging: Judging, record: LedgerRecord, offsets: ReadonlyMap<string, number>): void {
  const { history, log, where } = judging;
  const { outcome, name } = record;
  const found = offsets.get(name);
  if (outcome.kind === "refused" && found !== undefined) {
    history.report("NoPhantom", `${where}: record ${name} was refused and stands at ${found}`);
  }
  if (outcome.kind === "pending") history.report("Liveness", `record ${name} was never decided`);
  if (outcome.kind !== "published" || outcome.partition !== log.partition) return;
  if (record.life === undefined || history.known(log.topic, 0) !== record.life) return;
  if (found === undefined && (outcome.offset === -1 || outcome.offset >= log.logStart)) {
    history.report("AckDurable", `${where}: record ${name} was published at ${outcome.offset} and is gone`);
  } else if (found !== undefined && outcome.offset !== -1 && outcome.offset !== found) {
    history.report("OffsetUnique", `${where}: record ${name} was published at ${outcome.offset}, stands at ${found}`);
  }
}

function checkPolled({ history, records, log, standing, where }: Judging, known: KnownPartition): void {
  for (const [offset, name] of records.seenOf(known)) {
    const now = standing.get(offset);
    if (now === name || offset < log.logStart) continue;
    const promise = now === undefined ? "AckDurable" : "OffsetUnique";
    history.report(promise, `${where} offset ${offset} was polled as ${name}, is ${now ?? "nothing"}`);
  }
}
