import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import type { ProduceReply, ProduceRequest } from "../../../lib/api/record-types.ts";
import { remainingMs } from "../../../lib/base/call.ts";
import { readBatchHeader } from "../../../lib/records/batch-header.ts";
import { acknowledge, type Before, knownBefore } from "../clients/acknowledge.ts";
import type { SentBatch } from "../sent-batch.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";

/** Members number these, so that one which arrives twice is one. */
const NUMBERED: ReadonlySet<keyof LogService> = new Set<keyof LogService>(["groupHeartbeat", "commitOffsets"]);
/** Mean ms by which the second comes later: often when the answer to the first is long forgotten. */
const TWICE_AFTER_MS = 3000;

/** The brokers as the SDK in a process finds them: any of them, over the simulated network. */
export function remoteLog(world: World, client: SimulatedProcess): LogService {
  const carried = new CarriedBatches(world, client.name);
  const ask = <Answer>(
    context: RequestContext,
    invoke: (service: LogService, own: RequestContext) => Promise<Answer>,
    method?: keyof LogService,
  ): Promise<Answer> =>
    world.network.call({
      client,
      endpoint: world.cluster.anyEndpoint(),
      timeoutMs: remainingMs(client.runtime.clock, context),
      ...(method !== undefined && NUMBERED.has(method)
        ? { onTwice: () => world.cluster.anyEndpoint(), twiceAfterMs: TWICE_AFTER_MS }
        : {}),
      invoke,
    });
  const produce = async (context: RequestContext, request: ProduceRequest): Promise<ProduceReply> => {
    const batches = carried.sending(request);
    const reply = await ask(context, (service, own) => service.produce(own, request));
    carried.answered(batches, reply);
    return reply;
  };
  return new Proxy({} as LogService, {
    get: (_target, method: keyof LogService) =>
      method === "produce"
        ? produce
        : (context: RequestContext, request: never) =>
            ask<unknown>(context, (service, own) => service[method](own, request), method),
  });
}

/** The batches that the SDK makes, told to the history as they pass: they are judged like those of other clients. */
class CarriedBatches {
  readonly #world: World;
  readonly #client: string;
  readonly #before = new Map<SentBatch, Before>();
  #count = 0;

  constructor(world: World, client: string) {
    this.#world = world;
    this.#client = client;
  }

  sending({ partitions }: ProduceRequest): readonly SentBatch[] {
    return partitions.map(({ topic, partition, records }) => {
      const batch = this.#world.history.find(records) ?? this.#newBatch(topic, partition, records);
      batch.attempts += 1;
      return batch;
    });
  }

  answered(batches: readonly SentBatch[], { partitions }: ProduceReply): void {
    for (const [at, batch] of batches.entries()) {
      const answer = partitions[at];
      const before = this.#before.get(batch);
      if (answer?.ok !== true || before === undefined || batch.outcome === "acknowledged") continue;
      acknowledge(this.#world.history, batch, answer.baseOffset === -1 ? undefined : answer.baseOffset, before);
    }
  }

  #newBatch(topic: string, partition: number, bytes: Uint8Array): SentBatch {
    const { history, scheduler } = this.#world;
    const { producerId, producerEpoch, baseSequence, recordCount } = readBatchHeader(bytes);
    const batch: SentBatch = {
      topic,
      partition,
      name: `${this.#client}:${this.#count++}`,
      client: this.#client,
      session: { name: `${this.#client}#${producerId}/${producerEpoch}`, producerId, producerEpoch },
      // A later one may be seen first, when both are sent again under a new epoch.
      order: baseSequence,
      records: recordCount,
      bytes: bytes.slice(),
      invokedAtMs: scheduler.nowMs,
      attempts: 0,
      outcome: "unknown",
      completedAtMs: undefined,
      baseOffset: undefined,
    };
    this.#before.set(batch, knownBefore(history, topic, partition));
    history.sent(batch);
    return batch;
  }
}
