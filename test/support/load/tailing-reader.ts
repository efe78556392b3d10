import { Tidelog } from "../../../lib/client/index.ts";
import type { LoadOptions } from "./numbered-producer.ts";
import { idOfValue } from "./numbered-record.ts";

/** A reader of a whole topic from its beginning on, while it is written, that keeps which record stands where. */
export class TailingReader {
  readonly #options: LoadOptions;
  /** The records' names, by partition and offset. */
  readonly read: string[][];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.read = Array.from({ length: options.partitions }, () => []);
  }

  /** Reads on until it has come to these ends, one offset for each partition. Fails at the first gap. */
  async readUntil(ends: Promise<readonly number[]>): Promise<void> {
    const { endpoint, topic } = this.#options;
    await using log = new Tidelog({ endpoint, clientId: "reader" });
    const consumer = log.consumer({ assign: topic, from: "beginning" });
    let wanted: readonly number[] | undefined;
    void ends.then((offsets) => {
      wanted = offsets;
    });
    while (!wanted?.every((end, partition) => (this.read[partition]?.length ?? 0) >= end)) {
      for (const record of await consumer.poll({ timeoutMs: 500 })) {
        const ids = this.read[record.partition];
        if (ids?.length !== record.offset) {
          throw new Error(`partition ${record.partition}: offset ${record.offset} comes after ${ids?.length} records`);
        }
        ids.push(idOfValue(record.text()));
      }
    }
  }
}
