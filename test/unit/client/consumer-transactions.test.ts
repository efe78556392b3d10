import { beforeEach, describe, expect, test } from "vitest";
import type { FetchReply } from "../../../lib/api/record-types.ts";
import type { Tidelog } from "../../../lib/client/index.ts";
import { sealBatch } from "../../../lib/records/write-header.ts";
import { VirtualLog } from "../../support/virtual-log.ts";
import { type ChangeReply, publishTenTo, textsOf, watchedReads, withBytes } from "../../support/watched-reads.ts";

const place = { topic: "orders", partition: 0 };
let world: VirtualLog;
let log: Tidelog;

beforeEach(async () => {
  world = await VirtualLog.open();
  log = world.client();
});

const publishTen = (): Promise<void> => publishTenTo(world, log);
const watched = (change: ChangeReply) => watchedReads(world, change);

describe("transactions", () => {
  const TRANSACTIONAL = 0x10;
  const CONTROL = 0x20;
  const ATTRIBUTES_LOW_BYTE = 22;
  const LAST_PRODUCER_ID_BYTE = 50;

  /** Marks the second batch as a transaction's and the third as its marker; the first stays as it is. */
  function asTransaction(reply: FetchReply, aborted: boolean): FetchReply {
    const changed = withBytes(reply, (bytes) => {
      let at = 0;
      for (const bit of [0, TRANSACTIONAL, TRANSACTIONAL | CONTROL]) {
        const length = new DataView(bytes.buffer).getInt32(at + 8) + 12;
        const batch = bytes.subarray(at, at + length);
        batch[ATTRIBUTES_LOW_BYTE] = (batch[ATTRIBUTES_LOW_BYTE] as number) | bit;
        batch[LAST_PRODUCER_ID_BYTE] = bit === 0 ? 8 : 7;
        sealBatch(batch);
        at += length;
      }
      return bytes;
    });
    const [part] = changed.partitions;
    if (part?.ok !== true) return changed;
    const producerId = 7;
    return { partitions: [{ ...part, abortedTransactions: aborted ? [{ producerId, firstOffset: 4 }] : [] }] };
  }

  test.each([
    ["read_committed", true, ["0", "1", "2", "3"]],
    ["read_committed", false, ["0", "1", "2", "3", "4", "5", "6", "7"]],
    ["read_uncommitted", true, ["0", "1", "2", "3", "4", "5", "6", "7"]],
  ] as const)("with %s, aborted: %s", async (isolation, aborted, expected) => {
    await publishTen();
    const { log: client } = watched((reply, request) =>
      request.partitions[0]?.offset === 0 ? asTransaction(reply, aborted) : reply,
    );
    const consumer = client.consumer({ assign: place, from: "beginning", isolation });
    const seen = [...(await world.run(consumer.poll())), ...(await world.run(consumer.poll()))];
    expect(textsOf(seen)).toEqual(expected);
    expect(await world.run(consumer.position(place))).toBe(10);
  });
});
