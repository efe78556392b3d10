import type { Call } from "../../base/call.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { parseTopicId, type Stamp, stampText } from "../../base/ids.ts";
import { collectionObjectsMax, collectionRangesMax } from "../../base/limits.ts";
import { parseStagedObjectKey, STAGED_PREFIX } from "../../storage/object-keys.ts";
import type { ListedObject } from "../../storage/object-store.ts";
import { readStagedHeader, stagedHeaderBytes } from "../../storage/staged-header.ts";
import type { LogContext, PartitionRef } from "../log-context.ts";
import type { Candidate } from "./candidate.ts";

/** Headers of a few dozen partitions come with the first read. */
const PROBE_BYTES = 2048;
const READS_AT_ONCE = 8;

/** Candidates of one batch, and where the next one begins. */
export interface CandidatePage {
  readonly candidates: readonly Candidate[];
  /** What could not be understood, and stays. */
  readonly undecided: number;
  /** Undefined when there is no more. */
  readonly next: string | undefined;
}

/** Staged objects up to a stamp, the oldest first. What a damaged header names is not believed: it stays. */
export async function stagedObjects(
  context: LogContext,
  { after, upTo }: { readonly after: string; readonly upTo: Stamp },
  call: Call,
): Promise<CandidatePage> {
  const listed = await context.objects.list(STAGED_PREFIX, call, { startAfter: after, limit: collectionObjectsMax });
  const last = `${STAGED_PREFIX}${stampText(upTo)}~`;
  const old = listed.objects.filter(({ key }) => key < last);
  const candidates: Candidate[] = [];
  let undecided = 0;
  let ranges = 0;
  for (let first = 0; first < old.length; first += READS_AT_ONCE) {
    const some = old.slice(first, first + READS_AT_ONCE);
    const read = await Promise.all(some.map((object) => candidateOf(context, object, call)));
    for (const each of read) {
      if (each === "undecided") undecided++;
      else if (each !== undefined) {
        candidates.push(each);
        ranges += each.owners.length;
      }
    }
    if (ranges > collectionRangesMax) return { candidates, undecided, next: some.at(-1)?.key };
  }
  const more = listed.more && old.length === listed.objects.length;
  return { candidates, undecided, next: more ? old.at(-1)?.key : undefined };
}

/** Undefined when the object is gone already. */
async function candidateOf(
  context: LogContext,
  { key, bytes }: ListedObject,
  call: Call,
): Promise<Candidate | "undecided" | undefined> {
  const name = parseStagedObjectKey(key);
  if (name === undefined) return "undecided";
  try {
    const owners = context.stagedOwners.ownersOf(key) ?? (await ownersOf(context, key, call));
    return owners === undefined ? undefined : { name: key, bytes, stamp: name.stamp, owners };
  } catch (error) {
    if (!isLogError(error, "CorruptObject")) throw error;
    context.runtime.logger.warn("a staged object cannot be read and is left alone", { key, error: messageOf(error) });
    return "undecided";
  }
}

async function ownersOf(context: LogContext, key: string, call: Call): Promise<PartitionRef[] | undefined> {
  let start = await context.objects.get(key, call, { start: 0, end: PROBE_BYTES });
  if (start === undefined) return undefined;
  const headerBytes = stagedHeaderBytes(start);
  if (headerBytes > PROBE_BYTES) start = await context.objects.get(key, call, { start: 0, end: headerBytes });
  if (start === undefined) return undefined;
  return readStagedHeader(start, key).map(({ topicId: text, partition }) => {
    const topicId = parseTopicId(text);
    if (topicId === undefined) throw new LogError("CorruptObject", `${key} names a topic that cannot be one`);
    return { topicId, partition };
  });
}
