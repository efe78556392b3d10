import { beforeEach, describe, expect, test } from "vitest";
import { readPartitions } from "../../../lib/cli/read-partitions.ts";
import type { Tidelog } from "../../../lib/client/index.ts";
import { VirtualLog } from "../../support/virtual-log.ts";

let virtual: VirtualLog;
let log: Tidelog;

beforeEach(async () => {
  virtual = await VirtualLog.open();
  log = virtual.client();
  await virtual.run(log.admin.createTopic({ name: "orders", partitions: 3 }));
  const values = ["a", "b", "c", "d", "e"];
  await virtual.run(
    log.publish(
      "orders",
      values.map((value, at) => ({ value, partition: at % 2 })),
    ),
  );
});

interface Wanted {
  readonly ends?: ReadonlyMap<number, number>;
  readonly recordsMax?: number;
  readonly signal?: AbortSignal;
}

/** Values by partition, in the order in which they come. */
function reading({ ends, recordsMax, signal = new AbortController().signal }: Wanted): Promise<string[]> {
  const read = async (): Promise<string[]> => {
    const consumer = log.consumer({ assign: "orders", from: "beginning" });
    const values: string[] = [];
    for await (const records of readPartitions({ consumer, topic: "orders", ends, recordsMax, signal })) {
      for (const record of records) values.push(`${record.partition}${record.text()}`);
    }
    return values.toSorted((a, b) => a.localeCompare(b));
  };
  return virtual.run(read());
}

const endsOf = (...ends: readonly number[]) => new Map(ends.map((end, partition) => [partition, end]));

describe("reading partitions", () => {
  test("ends where it is told, though there is more, and though a partition is empty", async () => {
    expect(await reading({ ends: endsOf(2, 1, 0) })).toEqual(["0a", "0c", "1b"]);
  });

  test("reads nothing of partitions that were not there when the ends were taken", async () => {
    expect(await reading({ ends: endsOf(3) })).toEqual(["0a", "0c", "0e"]);
  });

  test("ends at once when all ends are reached", async () => {
    expect(await reading({ ends: endsOf(0, 0, 0) })).toEqual([]);
  });

  test("ends after so many records", async () => {
    expect(await reading({ recordsMax: 4 })).toHaveLength(4);
  });

  test("counts only records before the ends", async () => {
    expect(await reading({ ends: endsOf(1, 2, 0), recordsMax: 3 })).toEqual(["0a", "1b", "1d"]);
  });

  test("goes on with what comes later when no ends are given", async () => {
    const later = virtual.pass(5000).then(() => log.publish("orders", { value: "f", partition: 2 }));
    const [values] = await Promise.all([reading({ recordsMax: 6 }), later]);
    expect(values).toEqual(["0a", "0c", "0e", "1b", "1d", "2f"]);
  });
});
