import { setTimeout as sleep } from "node:timers/promises";
import { isLogError } from "../../../lib/base/errors.ts";
import { type ConsumerRecord, type GroupConsumer, type HandlerContext, Tidelog } from "../../../lib/client/index.ts";
import { idOfValue } from "../load/numbered-record.ts";
import type { MemberEvent, MemberMode } from "./member-events.ts";

/**
 * A member of a group as a process of its own: `node member-process.ts ENDPOINT TOPIC GROUP MODE`. Prints its events
 * and leaves the group on SIGTERM.
 */
const [, , endpoint = "", topic = "", group = "", mode = "poll"] = process.argv;
const WORK_MS_MAX = 30;
const POLLS_PER_COMMIT = 4;
const PARENT_LOOK_MS = 1000;

const stop = new AbortController();
const parent = process.ppid;
// Nobody would end it any more.
setInterval(() => process.ppid !== parent && process.exit(1), PARENT_LOOK_MS).unref();
process.on("SIGTERM", () => stop.abort());
// A pipe takes it at once: what was printed before a kill still arrives.
const tell = (event: MemberEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** Where it is in each partition that it has, for commits of its own. */
const ends = new Map<number, number>();

function consumed(records: readonly ConsumerRecord[]): void {
  const atMs = Date.now();
  const byPartition = Map.groupBy(records, ({ partition }) => partition);
  for (const [partition, ofPartition] of byPartition) {
    for (const record of ofPartition) idOfValue(record.text());
    const [first, last] = [ofPartition[0], ofPartition.at(-1)];
    if (first === undefined || last === undefined) continue;
    if (last.offset - first.offset + 1 !== ofPartition.length) throw new Error(`a gap after ${first.offset}`);
    ends.set(partition, last.offset + 1);
    tell({ kind: "consumed", atMs, partition, from: first.offset, end: last.offset + 1 });
  }
}

async function commit(consumer: GroupConsumer): Promise<void> {
  const atMs = Date.now();
  const offsets = [...ends].map(([partition, offset]) => ({ partition, offset }));
  if (offsets.length === 0) return;
  try {
    await consumer.commit(offsets.map((place) => ({ topic, ...place })));
    tell({ kind: "commit", atMs, offsets });
  } catch (error) {
    if (!isLogError(error)) throw error;
    tell({ kind: "commit", atMs, offsets, error: error.code });
  }
}

async function pollUntilStopped(consumer: GroupConsumer): Promise<void> {
  for (let polls = 1; !stop.signal.aborted; polls++) {
    consumed(await consumer.poll({ maxRecords: 100, timeoutMs: 500 }));
    await sleep(Math.random() * WORK_MS_MAX);
    if (polls % POLLS_PER_COMMIT === 0) await commit(consumer);
  }
  await commit(consumer);
}

async function runUntilStopped(consumer: GroupConsumer): Promise<void> {
  const eachBatch = async (records: readonly ConsumerRecord[], { signal }: HandlerContext): Promise<void> => {
    await sleep(Math.random() * WORK_MS_MAX);
    if (!signal.aborted) consumed(records);
  };
  await consumer.run({ eachBatch, concurrency: 2, maxRecords: 100, signal: stop.signal });
}

const log = new Tidelog({ endpoint, clientId: `member-${process.pid}` });
const isPolling = (mode as MemberMode) === "poll";
const consumer = log.consumer({ group, autoCommit: !isPolling, autoCommitIntervalMs: 1000 });
const told = (kind: "assigned" | "revoked" | "lost", places: readonly { readonly partition: number }[]): void => {
  const partitions = places.map(({ partition }) => partition);
  tell({ kind, atMs: Date.now(), partitions });
  for (const partition of partitions) ends.delete(partition);
};
consumer.subscribe(topic, {
  fromBeginning: true,
  onAssigned: (partitions) => told("assigned", partitions),
  onRevoked: async (partitions) => {
    if (isPolling) await commit(consumer);
    told("revoked", partitions);
  },
  onLost: (partitions) => told("lost", partitions),
});
await (isPolling ? pollUntilStopped(consumer) : runUntilStopped(consumer));
await consumer.close();
await log.close();
