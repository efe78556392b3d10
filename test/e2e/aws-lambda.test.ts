import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Tidelog } from "../../lib/client/index.ts";
import { medianAndMost, recordFigures } from "../support/figures.ts";
import { startCloudFaults } from "../support/lambda/cloud-faults.ts";
import { cloudForTests } from "../support/lambda/cloud-for-tests.ts";
import { InvocationError } from "../support/lambda/function-environments.ts";
import type { LambdaCloud } from "../support/lambda/lambda-cloud.ts";
import { checkLoad, checkSame } from "../support/load/check-load.ts";
import { type LoadOptions, NumberedProducer } from "../support/load/numbered-producer.ts";
import { TailingReader } from "../support/load/tailing-reader.ts";
import { byLength } from "../support/test-length.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** The load goes on for so long, and until there were so many kills in the middle of an invocation. */
const amounts = byLength({
  quick: { loadMs: 4 * SECOND_MS, kills: 4, clients: 2, environments: 10, apiTimeoutMs: 6 * SECOND_MS },
  short: { loadMs: 2 * MINUTE_MS, kills: 40, clients: 8, environments: 32, apiTimeoutMs: 15 * SECOND_MS },
  full: { loadMs: 20 * MINUTE_MS, kills: 200, clients: 8, environments: 32, apiTimeoutMs: 30 * SECOND_MS },
});
const POLL_MS = 100;
const PARTITIONS = 4;
const TOPIC = "numbers";

const getCloud = cloudForTests({
  environmentsMax: amounts.environments,
  scheduleEveryMs: Math.min(amounts.loadMs / 2, 10 * SECOND_MS),
  rolled: Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition })),
  apiTimeoutMs: amounts.apiTimeoutMs,
});

test("nothing that was acknowledged is lost or there twice or out of order while functions are killed and frozen", {
  timeout: amounts.loadMs + 5 * MINUTE_MS,
}, async () => {
  const cloud = getCloud();
  const options: LoadOptions = { endpoint: cloud.url, topic: TOPIC, partitions: PARTITIONS };
  await using log = new Tidelog({ endpoint: cloud.url });
  // Reads are repeated while the first environment starts; the creation of a topic is not.
  await log.admin.listTopics();
  await log.admin.createTopic({ name: TOPIC, partitions: PARTITIONS });
  const clients = Array.from({ length: amounts.clients }, (_, index) => index);
  const producers = clients.map((index) => new NumberedProducer(`producer${index}`, options));
  const readers = clients.map(() => new TailingReader(options));
  const ends = Promise.withResolvers<readonly number[]>();
  const reading = Promise.all(readers.map((reader) => reader.readUntil(ends.promise)));
  const stop = new AbortController();
  const sending = Promise.all(producers.map((producer) => producer.sendUntil(stop.signal)));
  const startedMs = performance.now();
  const inFlight: number[] = [];
  const faults = startCloudFaults(cloud, {
    invocationsPerKill: 20,
    invocationsPerFreeze: 20,
    freezeMsMax: amounts.apiTimeoutMs * 1.5,
    onKill: () => inFlight.push(producers.reduce((sum, producer) => sum + producer.inFlight, 0)),
  });
  while (performance.now() - startedMs < amounts.loadMs || cloud.counts().killedBusy < amounts.kills) {
    await Promise.race([sleep(POLL_MS), reading]);
  }
  stop.abort();
  await sending;
  faults.stop();
  const offsets = await log.admin.offsets(TOPIC);
  ends.resolve(offsets.toSorted((a, b) => a.partition - b.partition).map(({ highWatermark }) => highWatermark));
  await reading;

  const sent = producers.flatMap((producer) => producer.sent);
  const read = readers.map((reader) => reader.read);
  tell(cloud, sent, inFlight);
  checkSame(read);
  checkLoad(sent, read[0] ?? []);
  const refused = cloud.events.failures.filter(({ error }) => !isDeath(error));
  expect(refused, "events that a function refused three times").toEqual([]);
});

/** Whoever is killed three times with the same event has done nothing wrong. */
const isDeath = (error: unknown): boolean => error instanceof InvocationError && error.reason === "Died";

function tell(cloud: LambdaCloud, sent: NumberedProducer["sent"], inFlight: readonly number[]): void {
  const { invocations, throttled, killedIdle, killedBusy, frozen } = cloud.counts();
  const count = (outcome: string): number => sent.filter((record) => record.outcome === outcome).length;
  recordFigures({
    "Lambda: records acknowledged, refused, unknown": `${count("acknowledged")}, ${count("refused")}, ${count("unknown")}`,
    "Lambda: invocations": invocations,
    "Lambda: invocations throttled": throttled,
    "Lambda: environments killed between invocations": killedIdle,
    "Lambda: environments killed in the middle of an invocation": killedBusy,
    "Lambda: unacknowledged records at each of these kills, median and most": medianAndMost(inFlight),
    "Lambda: environments frozen in the middle of an invocation": frozen,
    "Lambda: rollers asked for by the API": cloud.events.asked.length,
    "Lambda: invocations by events": invocations - cloud.api.counts.invocations,
    "Lambda: cold starts of the API, median and most ms": medianAndMost(cloud.api.coldStartsMs),
  });
}
