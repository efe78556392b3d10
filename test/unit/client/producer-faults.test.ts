import { describe, expect, test } from "vitest";
import {
  type ConsumerRecord,
  isLogError,
  LogError,
  type PublishedRecord,
  type Tidelog,
} from "../../../lib/client/index.ts";
import { unreliableService } from "../../support/unreliable-log-service.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

const PARTITIONS = 3;
const RECORDS = 150;

type Fate = { readonly sent: string; readonly partition: number; readonly outcome: PublishedRecord | LogError };

/** Publishes numbered records to each partition, some together, without waiting for answers. */
async function publishAll(world: VirtualLog, log: Tidelog, deliveryTimeoutMs: number): Promise<Fate[]> {
  const producer = log.producer({ deliveryTimeoutMs, batchBytes: 400, requestTimeoutMs: 1000 });
  const fates: Promise<Fate[]>[] = [];
  for (let index = 0; index < RECORDS; ) {
    const partition = world.random.below(PARTITIONS);
    const count = world.random.between(1, 4);
    const sent = Array.from({ length: count }, () => `record ${index++}`);
    const publishing = producer.publish(
      "orders",
      sent.map((value) => ({ value, partition })),
    );
    fates.push(fatesOf(sent, partition, publishing));
    await world.scheduler.sleep(world.random.around(15));
  }
  const all = (await Promise.all(fates)).flat();
  await producer.close();
  return all;
}

async function fatesOf(sent: string[], partition: number, publishing: Promise<PublishedRecord[]>): Promise<Fate[]> {
  const outcomes: readonly (PublishedRecord | LogError)[] = await publishing.catch((error: unknown) => {
    if (!isLogError(error)) throw error;
    const listed = error.details.outcomes as (PublishedRecord | LogError)[] | undefined;
    return listed ?? sent.map(() => error);
  });
  return sent.map((value, at) => ({ sent: value, partition, outcome: outcomes[at] as PublishedRecord | LogError }));
}

async function readAll(log: Tidelog): Promise<ConsumerRecord[]> {
  const consumer = log.consumer({ assign: "orders", from: "beginning", maxWaitMs: 0 });
  const records: ConsumerRecord[] = [];
  for (let more = await consumer.poll(); more.length > 0; more = await consumer.poll()) records.push(...more);
  return records;
}

async function courseOf(seed: number, deliveryTimeoutMs: number, chance: number) {
  const world = await VirtualLog.open({ seed });
  await world.run(world.client().admin.createTopic({ name: "orders", partitions: PARTITIONS }));
  const { scheduler, random } = world;
  const service = unreliableService(world.broker.service, {
    scheduler,
    random: random.fork("net"),
    chance,
    delayMs: 20,
  });
  const fates = await world.run(publishAll(world, world.client({ service }), deliveryTimeoutMs));
  // What is still on its way arrives.
  await world.pass(120_000);
  return { fates, records: await world.run(readAll(world.client())), counts: service.counts };
}

function checkPromises(fates: readonly Fate[], records: readonly ConsumerRecord[]): void {
  const found = new Map<string, ConsumerRecord>();
  for (const record of records) {
    const text = String(record.text());
    expect(found.has(text), `${text} is there once`).toBe(false);
    found.set(text, record);
  }
  for (const { sent, partition, outcome } of fates) {
    const record = found.get(sent);
    if (outcome instanceof LogError) {
      if (outcome.effect === "none") expect(record, `${sent} was refused`).toBeUndefined();
      continue;
    }
    expect(record, `${sent} was acknowledged`).toBeDefined();
    expect(record?.partition).toBe(partition);
    if (outcome.offset >= 0) expect(record?.offset).toBe(outcome.offset);
  }
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const read = records.filter((record) => record.partition === partition).map((record) => String(record.text()));
    const inOrder = fates
      .filter((fate) => fate.partition === partition && found.has(fate.sent))
      .map(({ sent }) => sent);
    expect(read).toEqual(inOrder);
  }
}

describe("behind a bad network", () => {
  test("every record is stored once and in order when there is time to retry", async () => {
    let lost = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const { fates, records, counts } = await courseOf(seed, 600_000, 0.1);
      checkPromises(fates, records);
      expect(fates.filter(({ outcome }) => outcome instanceof LogError)).toEqual([]);
      expect(records).toHaveLength(fates.length);
      lost += counts.lostAnswer + counts.late;
    }
    expect(lost).toBeGreaterThan(50);
  });

  test("when time runs out, what is told of each record is true", async () => {
    const told = { published: 0, none: 0, unknown: 0 };
    for (let seed = 1; seed <= 12; seed++) {
      const { fates, records } = await courseOf(seed, 400, 0.25);
      checkPromises(fates, records);
      for (const { outcome } of fates) told[outcome instanceof LogError ? outcome.effect : "published"] += 1;
    }
    expect(Math.min(told.published, told.none, told.unknown)).toBeGreaterThan(20);
  });
});
