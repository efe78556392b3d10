import { type Random, randomName } from "./random.ts";

declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** 128 random bits, 32 lower-case hex digits: safe in object keys of any store, a UUID on Kafka's wire. */
export type TopicId = Branded<string, "TopicId">;
/** One broker instance (a process, a Lambda environment); never reused. 8 characters of base 32. */
export type BrokerId = Branded<string, "BrokerId">;
/** Names one commit attempt: stamp, then a part that no other attempt has. See `commitId`. */
export type CommitId = Branded<string, "CommitId">;
/** Kafka's producer id: a whole number at or above 0. */
export type ProducerId = Branded<number, "ProducerId">;
/** ms since the Unix epoch, as a broker's stamp clock gave it; see DESIGN's stamp and horizon. */
export type Stamp = Branded<number, "Stamp">;

const TOPIC_ID = /^[0-9a-f]{32}$/;

export function newTopicId(random: Random): TopicId {
  return Buffer.from(random.bytes(16)).toString("hex") as TopicId;
}

/** Undefined when the text is not a topic id. */
export function parseTopicId(text: string): TopicId | undefined {
  return TOPIC_ID.test(text) ? (text as TopicId) : undefined;
}

export function newBrokerId(random: Random): BrokerId {
  return randomName(random, 8) as BrokerId;
}

/** Stamps in names have 15 decimal digits, so that names sort by time. */
export const STAMP_DIGITS = 15;

export function stampText(stamp: Stamp): string {
  return String(stamp).padStart(STAMP_DIGITS, "0");
}

const COMMIT_STAMP_LENGTH = 9;

/**
 * A commit id: 9 characters of base 36 for the stamp (good until the year 5188), then 8 of base 32 at
 * random: commits of one partition within one ms share nothing but a chance of 2^-40. Short, because each
 * head carries every id of its tail twice.
 */
export function newCommitId(stamp: Stamp, random: Random): CommitId {
  return `${stamp.toString(36).padStart(COMMIT_STAMP_LENGTH, "0")}${randomName(random, 8)}` as CommitId;
}

export function commitStamp(id: CommitId): Stamp {
  return Number.parseInt(id.slice(0, COMMIT_STAMP_LENGTH), 36) as Stamp;
}
