import { expect, test } from "vitest";
import { systemClock } from "../../lib/base/system-clock.ts";
import { type ConsumerRecord, Tidelog } from "../../lib/client/index.ts";
import { recordFigures } from "../support/figures.ts";
import { KillableProcess } from "../support/kill/killable-process.ts";
import { KillableServer } from "../support/kill/killable-server.ts";
import { readBack } from "../support/read-back.ts";
import { realTextLines } from "../support/real-text.ts";
import { byLength } from "../support/test-length.ts";

const LINES = 100_000;
const KILLS = byLength({ quick: 10, short: 20, full: 100 });
const TOPIC = "lines";

const clock = systemClock();
const server = KillableServer.forTests();

test("whatever a producer was told is stored stays stored when the producer is killed", async () => {
  await using log = new Tidelog({ endpoint: server.url });
  await log.admin.createTopic({ name: TOPIC, partitions: 3 });
  const acknowledged = new Uint8Array(LINES);
  let first = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await runProducer(first, acknowledged, first + Math.floor((Math.random() * LINES) / KILLS));
    first = firstUnacknowledged(acknowledged);
  }
  await runProducer(first, acknowledged, Number.POSITIVE_INFINITY);
  const read = await readBack(log, TOPIC);
  const stored = [...read.values()].reduce((sum, records) => sum + records.length, 0);
  recordFigures({ "producer kills": KILLS, "records stored beyond the file by killed producers": stored - LINES });
  expect(firstUnacknowledged(acknowledged)).toBe(LINES);
  checkAcknowledged(acknowledged, read);
});

/** Runs a producer from a line on, and kills it once a later one is acknowledged. */
async function runProducer(first: number, acknowledged: Uint8Array, killAt: number): Promise<void> {
  const producer = new KillableProcess("kill/producer-process.ts", [server.url, TOPIC, String(first), String(LINES)]);
  let killed: Promise<void> | undefined;
  for await (const line of producer.lines()) {
    const [from = 0, end = 0] = line.split(" ").map(Number);
    acknowledged.fill(1, from, end);
    if (end >= killAt) killed ??= clock.sleep(Math.random() * 20).then(() => producer.kill());
  }
  await killed;
  await producer.ended();
}

function firstUnacknowledged(acknowledged: Uint8Array): number {
  const at = acknowledged.indexOf(0);
  return at < 0 ? acknowledged.length : at;
}

function checkAcknowledged(acknowledged: Uint8Array, read: ReadonlyMap<number, readonly ConsumerRecord[]>): void {
  const lines = realTextLines(LINES);
  const found = new Uint8Array(LINES);
  for (const [partition, records] of read) {
    let newest = -1;
    for (const record of records) {
      const number = Number(Buffer.from(record.key ?? []).toString());
      if (record.text() !== lines[number]) throw new Error(`line ${number} reads back as another`);
      if (found[number] === 0 && number < newest)
        throw new Error(`partition ${partition}: line ${number} comes too late`);
      found[number] = 1;
      newest = Math.max(newest, number);
    }
  }
  const lost = acknowledged.findIndex((told, number) => told === 1 && found[number] !== 1);
  if (lost >= 0) throw new Error(`line ${lost} was acknowledged and is not there`);
}
