import type { History, KnownPartition } from "../history.ts";
import type { SentBatch } from "../sent-batch.ts";

export interface FinalBatch {
  readonly baseOffset: number;
  readonly bytes: Uint8Array;
}

/** One partition as a fresh broker reads it when all is over. */
export interface FinalLog {
  readonly topic: string;
  readonly partition: number;
  readonly logStart: number;
  readonly highWatermark: number;
  readonly batches: readonly FinalBatch[];
}

interface Placed {
  readonly baseOffset: number;
  readonly batch: SentBatch;
}

/** Judges a partition's final content against everything that clients were told. */
export function checkFinalLog(history: History, log: FinalLog): void {
  const placed = identify(history, log);
  checkTiling(history, log, placed);
  checkOnce(history, log, placed);
  checkRefused(history, log, placed);
  const known = history.known(log.topic, log.partition);
  if (known === undefined) return;
  if (log.logStart < known.logStart) {
    history.report("Monotone", `${nameOf(log)} starts at ${log.logStart}, but had started at ${known.logStart}`);
  }
  if (log.logStart > history.latestStart(log)) {
    history.report("AckDurable", `${nameOf(log)} starts at ${log.logStart}, which nobody has asked for`);
  }
  checkAcknowledged(history, known, placed, log.logStart);
  checkSeen(history, known, placed, log.logStart);
  checkIncarnation(history, known, placed);
  checkOrder(history, known, placed, log.logStart);
}

function identify(history: History, log: FinalLog): Placed[] {
  const placed: Placed[] = [];
  for (const { baseOffset, bytes } of log.batches) {
    const batch = history.find(bytes);
    if (batch === undefined)
      history.report("NoPhantom", `${nameOf(log)} offset ${baseOffset}: bytes that nobody has sent`);
    else placed.push({ baseOffset, batch });
  }
  return placed;
}

function checkTiling(history: History, log: FinalLog, placed: readonly Placed[]): void {
  let next = log.logStart;
  for (const [index, { baseOffset, batch }] of placed.entries()) {
    // The log may start within its first batch.
    const fits = index === 0 ? baseOffset <= next && baseOffset + batch.records > next : baseOffset === next;
    if (!fits) history.report("Tiling", `${nameOf(log)}: ${batch.name} at ${baseOffset}, expected ${next}`);
    next = baseOffset + batch.records;
  }
  if (next !== log.highWatermark) {
    history.report("Tiling", `${nameOf(log)} ends at ${next}, its high watermark is ${log.highWatermark}`);
  }
}

function checkOnce(history: History, log: FinalLog, placed: readonly Placed[]): void {
  const at = new Map<SentBatch, number>();
  for (const { baseOffset, batch } of placed) {
    const first = at.get(batch);
    if (first === undefined) at.set(batch, baseOffset);
    else history.report("OnceOnly", `${nameOf(log)}: ${batch.name} stands at ${first} and at ${baseOffset}`);
  }
}

function checkRefused(history: History, log: FinalLog, placed: readonly Placed[]): void {
  for (const { baseOffset, batch } of placed) {
    if (batch.outcome !== "refused") continue;
    history.report("NoPhantom", `${nameOf(log)}: ${batch.name} was refused and stands at ${baseOffset}`);
  }
}

function checkAcknowledged(history: History, known: KnownPartition, placed: readonly Placed[], logStart: number): void {
  const offsets = new Map(placed.map(({ baseOffset, batch }) => [batch, baseOffset]));
  for (const batch of known.sent) {
    if (batch.outcome !== "acknowledged") continue;
    const found = offsets.get(batch);
    // One that was acknowledged without its offset may have stood below the log start.
    const end = batch.baseOffset === undefined ? undefined : batch.baseOffset + batch.records;
    const mayBeBelow = logStart > 0 && (end === undefined || end <= logStart);
    if (found === undefined && mayBeBelow) continue;
    if (found === undefined) {
      history.report(
        "AckDurable",
        `${nameOf(known)}: ${batch.name} was acknowledged at ${batch.baseOffset} and is gone`,
      );
    } else if (batch.baseOffset !== undefined && batch.baseOffset !== found) {
      history.report(
        "OffsetUnique",
        `${nameOf(known)}: ${batch.name} was acknowledged at ${batch.baseOffset}, stands at ${found}`,
      );
    }
  }
}

/** What somebody has read stays as it was. */
function checkSeen(history: History, known: KnownPartition, placed: readonly Placed[], logStart: number): void {
  const byOffset = new Map(placed.map(({ baseOffset, batch }) => [baseOffset, batch]));
  for (const [baseOffset, batch] of known.batches) {
    const now = byOffset.get(baseOffset);
    if (now === batch || (now === undefined && baseOffset + batch.records <= logStart)) continue;
    const promise = now === undefined ? "AckDurable" : "OffsetUnique";
    history.report(promise, `${nameOf(known)} offset ${baseOffset} was ${batch.name}, is ${now?.name ?? "nothing"}`);
  }
}

function checkIncarnation(history: History, known: KnownPartition, placed: readonly Placed[]): void {
  for (const { baseOffset, batch } of placed) {
    const misplaced = batch.topic !== known.topic || batch.partition !== known.partition;
    const over = batch.outcome === "acknowledged" && batch.attempts === 1;
    const decidedBefore = over && (batch.completedAtMs ?? 0) < known.creatingAtMs;
    if (!misplaced && !decidedBefore) continue;
    history.report("Incarnation", `${nameOf(known)} offset ${baseOffset}: ${batch.name} belongs to another log`);
  }
}

/** A session's batches stand in the order of their sequences, without a gap; others as each was sent after another. */
function checkOrder(history: History, known: KnownPartition, placed: readonly Placed[], logStart: number): void {
  const bySender = new Map<string, SentBatch[]>();
  for (const { batch } of placed) {
    if (batch.session === undefined && batch.outcome !== "acknowledged") continue;
    const sender = batch.session?.name ?? batch.client;
    const before = bySender.get(sender) ?? [];
    const last = before.at(-1);
    if (last !== undefined && isSentAfter(last, batch)) {
      history.report("SendOrder", `${nameOf(known)}: ${batch.name} stands after ${last.name}`);
    }
    before.push(batch);
    bySender.set(sender, before);
  }
  for (const [sender, present] of bySender)
    if (present[0]?.session !== undefined) checkNoGap(history, known, sender, present, logStart);
}

/** Without a session batches may be under way beside each other: then each order is right. */
function isSentAfter(one: SentBatch, other: SentBatch): boolean {
  if (one.session !== undefined) return one.order > other.order;
  return one.invokedAtMs > (other.completedAtMs ?? Number.POSITIVE_INFINITY);
}

function checkNoGap(
  history: History,
  known: KnownPartition,
  sender: string,
  present: readonly SentBatch[],
  logStart: number,
): void {
  const sent = known.sent.filter((batch) => batch.session?.name === sender);
  const newest = present.at(-1);
  // What stood before the first that is left may have gone.
  const from = logStart > 0 ? (present[0]?.order ?? 0) : 0;
  const missing = sent.find(
    (batch) => batch.order >= from && batch.order < (newest?.order ?? 0) && !present.includes(batch),
  );
  if (missing === undefined || newest === undefined || !known.sent.includes(newest)) return;
  history.report(
    "SendOrder",
    `${nameOf(known)}: ${newest.name} stands there, ${missing.name} of the same session does not`,
  );
}

function nameOf(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic}-${place.partition}`;
}
