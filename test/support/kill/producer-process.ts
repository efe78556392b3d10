import { Tidelog } from "../../../lib/client/index.ts";
import { realTextLines } from "../real-text.ts";

/**
 * A producer as a process of its own: `node producer-process.ts ENDPOINT TOPIC FIRST END`. Publishes lines of the
 * real text under their numbers, and prints "first end" of every chunk as soon as it is acknowledged.
 */
const [, , endpoint = "", topic = "", first = "0", end = "0"] = process.argv;
const CHUNK_LINES = 25;
const lines = realTextLines(Number(end));
await using log = new Tidelog({ endpoint });
const pending: Promise<void>[] = [];
for (let from = Number(first); from < lines.length; from += CHUNK_LINES) {
  const chunk = lines.slice(from, from + CHUNK_LINES);
  const records = chunk.map((value, index) => ({ key: String(from + index), value }));
  pending.push(log.publish(topic, records).then(() => console.log(`${from} ${from + chunk.length}`)));
  if (pending.length % 8 === 0) await Promise.all(pending.splice(0, 4));
}
await Promise.all(pending);
