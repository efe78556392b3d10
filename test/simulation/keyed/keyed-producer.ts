import { utf8 } from "../../../lib/base/bytes.ts";
import { encodeBatch } from "../../../lib/records/encode-batch.ts";
import type { LanePlace } from "../clients/batch-maker.ts";
import { send } from "../clients/send.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import type { KeyedLedger, KeyedSent } from "./keyed-ledger.ts";

const TOMBSTONES = 0.2;

/** Writes records of few keys, one batch at a time, none of them twice. */
export class KeyedProducer {
  readonly #world: World;
  readonly #ledger: KeyedLedger;
  readonly #name: string;
  readonly #client: SimulatedProcess;
  readonly #random: SeededRandom;
  #batches = 0;

  constructor(world: World, ledger: KeyedLedger, name: string) {
    this.#world = world;
    this.#ledger = ledger;
    this.#name = name;
    this.#client = world.client(name);
    this.#random = world.fork(name);
  }

  async run(place: LanePlace, stopping: () => boolean): Promise<void> {
    const { tide, story } = this.#world;
    while (!stopping()) {
      await tide.pause(this.#random.around(story.keyed.pauseMs));
      await this.#sendOne(place);
    }
  }

  async #sendOne({ topic, partition }: LanePlace): Promise<void> {
    const { keyed } = this.#world.story;
    const batch = `${this.#name}/${this.#batches++}`;
    const sent = Array.from({ length: this.#random.between(1, keyed.recordsMax) }, (_, at) => {
      const key = `key-${this.#random.below(keyed.keys)}`;
      const tombstone = this.#random.chance(TOMBSTONES);
      return this.#ledger.sending({ name: `${batch}.${at}`, place: `${topic}-${partition}`, key, tombstone });
    });
    const result = await send(this.#world, this.#client, {
      name: batch,
      client: this.#name,
      topic,
      partition,
      session: undefined,
      order: this.#batches,
      records: sent.length,
      bytes: await this.#encoded(sent),
      invokedAtMs: this.#world.scheduler.nowMs,
      attempts: 0,
      outcome: "pending",
      completedAtMs: undefined,
      baseOffset: undefined,
    });
    for (const [at, record] of sent.entries()) {
      if (result.kind !== "acknowledged") record.outcome = result.kind;
      else if (result.baseOffset !== undefined) this.#ledger.acknowledged(record, result.baseOffset + at);
    }
  }

  #encoded(sent: readonly KeyedSent[]): Promise<Uint8Array> {
    const { codecs, clock } = this.#client.runtime;
    const records = sent.map(({ name, key, tombstone }) => ({
      key: utf8(key),
      value: tombstone ? null : utf8(`${name} ${".".repeat(this.#random.below(60))}`),
      headers: [{ key: "name", value: utf8(name) }],
      timestampMs: clock.nowMs(),
    }));
    return encodeBatch({ records, compression: this.#world.story.keyed.compression, codecs });
  }
}
