import { assert } from "./assert.ts";

/** Every limit of a loop, queue, buffer or retry, with its reason. Bytes unless the name says otherwise. */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;

/** No method of LogService waits longer: what takes longer answers "not yet". Under API Gateway's 30 s. */
export const serviceWaitMsMax = 20 * SECOND_MS;
/** An address of a segment is good for so long: time for its 64 MiB, and not for keeping it. */
export const readUrlMs = 5 * 60 * SECOND_MS;
/** Less than this left of a segment: its bytes are sent at once instead of an address. */
export const readUrlBytesMin = 1024 * 1024;
/** What a caller gets who names no deadline. */
export const serviceCallMsDefault = 15 * SECOND_MS;
/** A head update answers within milliseconds or is lost: early doubt leaves time to resolve it. */
export const storeUpdateMsMax = 4 * SECOND_MS;
/** Any other single store operation. */
export const storeCallMsMax = 10 * SECOND_MS;

/** Entries in a tail at which the broker that crosses spills. Heads stay near one write unit per commit. */
export const tailEntriesSoftMax = 16;
/**
 * A commit is refused above this until somebody has spilled: bounds the item and the trim's expression. Far above
 * the soft limit, so that a burst of many brokers is not refused while the first of them spills.
 */
export const tailEntriesHardMax = 128;
/** Packed bytes of all entries of a tail at which it spills. */
export const tailBytesSoftMax = 8 * KIB;
export const tailBytesHardMax = 192 * KIB;
/** Producers with a value in one head; beyond it the longest idle moves out. */
export const headProducersSoftMax = 64;
export const headProducersHardMax = 512;
/** Producers that one update may carry: DynamoDB's expressions end at 4 KB and 300 operators. */
export const commitProducersMax = 64;
/** Batches that one entry may describe. */
export const entryBatchesMax = 256;

/** Inputs of one roll or merge: 100 parts of a transaction, less control and the new index item. */
export const rollInputsMax = 98;
/** Damaged index items of one partition that rolls go past: beyond it the partition is rolled no farther. */
export const passedOverMax = 100;
/** How long a broker leaves alone what it found damaged, before it looks again: somebody may have repaired it. */
export const damageBelievedMs = 60 * 60 * SECOND_MS;
/** What a broker remembers as damaged: beyond it the oldest is looked at again. */
export const damageRememberedMax = 10_000;
/** Merges that a byte goes through after its roll: with the roll, three copies of it at most. */
export const segmentMergesMax = 2;
/** Index items that a merge looks at, newest first; and finished ones in a row after which it looks no farther. */
export const mergeLookBackMax = 4000;
export const mergeFinishedMax = 64;
/** Index items that one transaction of retention removes: 100 parts, less the control, with room to spare. */
export const indexRemovalsMax = 90;
/** Commit ids that one segment's index item may still carry. */
export const segmentCommitIdsMax = 2000;
/** Entries of one index item for records between its sparse index's marks. */
export const sparseIndexBytesEach = 512 * KIB;
/** Marks of one segment's sparse index: beyond it they lie farther apart. */
export const sparseMarksMax = 4000;
/** Memory for the keys of one compaction: more keys than fit are taken in several passes. */
export const compactionKeysBytesMax = 128 * MIB;
/** What a checksum of a whole segment goes through before it lets others run: a fifth of a ms natively, 0.7 without. */
export const checksumSliceBytes = MIB;
/** What compaction goes through before it lets others run. */
export const compactionSliceBytes = 256 * KIB;

/** A commit attempt whose stamp is older than this may be refused by a horizon at any time. */
export const stampAgeMsMax = 60 * SECOND_MS;

/**
 * How far a broker's time may be ahead of that in the stores' answers, which tell it to the second and are as old as
 * the answer was on its way: farther ahead, the stores' time is taken.
 */
export const clockAheadMsMax = 60 * SECOND_MS;
/** Answers of which the least difference counts: one that a proxy had kept tells an old time. */
export const clockAnswersKept = 16;

/** What bears a younger stamp is no business of the collector: most of it is about to be committed. */
export const collectionAgeMs = 15 * 60 * SECOND_MS;
/** Objects that one batch of the collector looks at. */
export const collectionObjectsMax = 500;
/** Ranges that the objects of one batch may name: with the objects, what the collector holds in memory. */
export const collectionRangesMax = 2000;
/** Partitions of its own staged objects that a broker remembers, so that its collector need not read them. */
export const stagedOwnersMax = 20_000;
/** Staged items of one batch: they come with their bytes, and all references to them are read once more. */
export const collectionItemsMax = 800;

/** Attempts of one commit (stale stamps, full tails, lost races) before the caller is told to try again. */
export const commitAttemptsMax = 40;
/** Tries of a loop that reads head and index until they agree. */
export const readAttemptsMax = 12;
/** How long a broker waits for the predecessor of a batch that leaves a gap in its producer's sequence. */
export const sequenceGapWaitMs = 1500;
/** Kafka's window: batches of one producer and partition that are told apart from new ones. */
export const producerBatchesKept = 5;

/** `max.message.bytes` of Kafka: a batch's size as stored. */
export const messageBytesDefault = MIB + 12;
/** The largest that a topic may set. */
export const messageBytesMax = 16 * MIB;
/** What a batch may decompress to, where it must be looked into. */
export const decompressedBytesMax = 64 * MIB;

/** A staged object's target: pending batches beyond it start the next one. */
export const stagedObjectBytesMax = 8 * MIB;
/** Bytes of produce requests that a broker holds before it answers Overloaded. */
export const pendingProduceBytesMax = 64 * MIB;
/** One object get of a backlog read. */
export const backlogReadBytes = 8 * MIB;
/** The most that one fetch answers with, unless its first batch alone is larger. */
export const fetchBytesMax = 16 * MIB;
/** Blocks of immutable objects that a broker keeps. */
export const blockCacheBytesMax = 48 * MIB;
/** The same where the stores are files of this machine, which the system keeps in memory as well. */
export const embeddedCacheBytesMax = 16 * MIB;

/** Kafka's rule for topic names (`Topic.validate`). */
export const topicNameLengthMax = 249;
export const topicPartitionsMax = 10_000;
/** Parts of one request: partitions of a produce or a fetch. */
export const requestPartitionsMax = 2000;

/** Group, member and instance ids, in bytes of UTF-8: with their prefixes they are keys of items. */
export const groupNameBytesMax = 255;
/** Kafka's default of `offset.metadata.max.bytes`. */
export const offsetMetadataBytesMax = 4096;
/** A pattern's characters: its compiled program is proportional to them. */
export const topicPatternLengthMax = 1000;
/** Tries to change a group under compare-and-swap before the caller is told to come again. */
export const groupAttemptsMax = 60;
/** Requests to one group that one write of this broker carries. */
export const groupBatchMax = 32;
/** Neighbours whose liveness a member looks after: about 32 marks fit one read unit. */
export const groupNeighboursMax = 32;
/** Groups whose state a broker keeps decoded. */
export const groupsCachedMax = 4000;
/** Offset items that one request reads or writes at a time. */
export const offsetsAtOnceMax = 50;

/** A frame's JSON header: 2,000 partitions with long names and aborted transactions, with room to spare. */
export const frameHeaderBytesMax = 2 * MIB;
/** One HTTP request's body: the largest batch and its header. */
export const httpBodyBytesMax = 20 * MIB;
/** Values of one JSON body: 20,000 records with a few fields each; a server works on one without a pause. */
export const jsonValuesMax = 300_000;
/** JSON within JSON: what goes through it calls itself for each level, and the stack ends at some thousands. */
export const jsonDepthMax = 256;
/** Request bodies that an HTTP server holds at a time before it answers Overloaded. */
export const httpBodiesBytesMax = 64 * MIB;
/** Connections of an HTTP server: each may hold a socket's buffers and a parser. */
export const httpConnectionsMax = 4096;
/** For a request's line and headers: slow clients must not hold connections. */
export const httpHeadersMsMax = 10 * SECOND_MS;
/** For a whole request with its body: 20 MiB in this time is 5.6 Mbit/s. */
export const httpRequestMsMax = 30 * SECOND_MS;
/** An idle connection stays open longer than the clients' agents keep it, so that they close first. */
export const httpKeepAliveMs = 75 * SECOND_MS;
/** For requests under way when a server closes. */
export const httpCloseMsMax = 5 * SECOND_MS;

assert(tailEntriesSoftMax < tailEntriesHardMax, "a spill is asked for before produces are refused");
assert(tailBytesSoftMax < tailBytesHardMax, "a spill is asked for before produces are refused");
assert(storeUpdateMsMax * 2 < serviceCallMsDefault, "a lost answer leaves time to resolve it");
assert(tailEntriesHardMax * 2 + 8 < 300, "a trim's removals fit one expression");
assert(messageBytesMax <= decompressedBytesMax, "any stored batch may be looked into");
assert(headProducersSoftMax < headProducersHardMax, "idle producers move out before new ones are refused");
assert(storeUpdateMsMax * 10 < stampAgeMsMax, "no live attempt is older than the horizon that a roll raises");
assert(clockAheadMsMax + storeCallMsMax < collectionAgeMs, "what is about to be committed is not old for any broker");
assert(stampAgeMsMax * 10 < collectionAgeMs, "no attempt that may still be alive is in the collector's way");
assert(messageBytesMax + frameHeaderBytesMax <= httpBodyBytesMax, "any batch that a topic may take fits a request");
assert(groupBatchMax + groupNeighboursMax + 8 <= 100, "the members that one change touches fit a transaction");
assert(httpBodyBytesMax <= httpBodiesBytesMax, "any request that is not too large is taken when nothing else is");
