import { expect, test } from "vitest";
import { systemClock } from "../../lib/base/system-clock.ts";
import { type ConsumerRecord, Tidelog } from "../../lib/client/index.ts";
import { recordFigures } from "../support/figures.ts";
import { KillableServer } from "../support/kill/killable-server.ts";
import { readBack } from "../support/read-back.ts";
import { realTextLines } from "../support/real-text.ts";
import { byLength } from "../support/test-length.ts";

const LINES = 120_000;
const PARTITIONS = 4;
const KILLS = byLength({ quick: 20, short: 30, full: 200 });
const KILLS_IN_FLIGHT_MIN = Math.ceil(KILLS * 0.75);
const CHUNK_LINES = 50;

const clock = systemClock();
const server = KillableServer.forTests();

test("a file sent through a server that is killed again and again is there once, whole and in order", async () => {
  const lines = realTextLines(LINES);
  await using log = new Tidelog({ endpoint: server.url });
  await log.admin.createTopic({ name: "lines", partitions: PARTITIONS });
  const sender = new Sender(log, lines);
  const sending = sender.sendAll();
  const kills = await killWhile(sender);
  await sending;
  recordFigures({
    "server kills": kills.length,
    "server kills with unacknowledged batches in flight": kills.filter((inFlight) => inFlight > 0).length,
    "unacknowledged publishes at each kill": kills.join(" "),
  });
  expect(kills.length).toBeGreaterThanOrEqual(KILLS);
  expect(kills.filter((inFlight) => inFlight > 0).length).toBeGreaterThanOrEqual(KILLS_IN_FLIGHT_MIN);
  checkOnceInOrder(lines, await readBack(log, "lines"));
});

/** Sends line after line under its number as key, as fast as the log takes them while the kills last. */
class Sender {
  readonly #log: Tidelog;
  readonly #lines: readonly string[];
  /** Publishes that are not acknowledged. */
  inFlight = 0;
  acknowledged = 0;
  /** The rest may go at full speed. */
  hurry = false;

  constructor(log: Tidelog, lines: readonly string[]) {
    this.#log = log;
    this.#lines = lines;
  }

  async sendAll(): Promise<void> {
    const producer = this.#log.producer({ deliveryTimeoutMs: 120_000 });
    const pending: Promise<unknown>[] = [];
    for (let from = 0; from < this.#lines.length; from += CHUNK_LINES) {
      const chunk = this.#lines.slice(from, from + CHUNK_LINES);
      const records = chunk.map((value, index) => ({ key: String(from + index), value }));
      this.inFlight++;
      const published = producer.publish("lines", records).then(() => {
        this.inFlight--;
        this.acknowledged += chunk.length;
      });
      pending.push(published);
      published.catch(() => undefined);
      if (!this.hurry && pending.length % 4 === 0) await clock.sleep(1);
      while (this.inFlight > 40) await clock.sleep(1);
    }
    await Promise.all(pending);
  }
}

/** Kills after a random while with something in flight; answers with the publishes in flight at each kill. */
async function killWhile(sender: Sender): Promise<number[]> {
  const kills: number[] = [];
  while (kills.length < KILLS) {
    const before = sender.acknowledged;
    const wantedLines = Math.floor((Math.random() * LINES) / KILLS / 2);
    while (sender.acknowledged < before + wantedLines && sender.inFlight > 0) await clock.sleep(1);
    kills.push(sender.inFlight);
    await server.kill();
    await server.start();
  }
  sender.hurry = true;
  return kills;
}

function checkOnceInOrder(lines: readonly string[], partitions: ReadonlyMap<number, readonly ConsumerRecord[]>): void {
  const seen = new Uint8Array(lines.length);
  for (const [partition, records] of partitions) {
    let previous = -1;
    for (const record of records) {
      const number = Number(Buffer.from(record.key ?? []).toString());
      if (number <= previous) throw new Error(`partition ${partition}: line ${number} comes after line ${previous}`);
      if (record.text() !== lines[number])
        throw new Error(`line ${number} reads back as ${JSON.stringify(record.text())}`);
      seen[number] = (seen[number] ?? 0) + 1;
      previous = number;
    }
  }
  const missing = seen.findIndex((count) => count !== 1);
  if (missing >= 0) throw new Error(`line ${missing} is there ${seen[missing]} times`);
}
