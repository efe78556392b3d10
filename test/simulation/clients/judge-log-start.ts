import type { History } from "../history.ts";
import type { Before } from "./acknowledge.ts";
import type { LanePlace } from "./batch-maker.ts";

/** A log start that somebody was told: it never goes back, and never where nobody has let it go. */
export function judgeLogStart(history: History, place: LanePlace, before: Before, logStart: number, how: string): void {
  const known = history.known(place.topic, place.partition);
  if (known === undefined || known !== before.known) return;
  const where = `${place.topic}-${place.partition}`;
  if (logStart < before.logStart) {
    history.report("Monotone", `${where}: ${how} log start ${logStart}, but ${before.logStart} was known before`);
  }
  const latest = history.latestStart(place);
  if (logStart > latest) {
    history.report("AckDurable", `${where}: ${how} log start ${logStart}; nobody has let anything go beyond ${latest}`);
  }
  known.logStart = Math.max(known.logStart, logStart);
}
