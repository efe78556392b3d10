import type { ErrorCode } from "../../../lib/base/error-codes.ts";
import type { LogError } from "../../../lib/base/errors.ts";
import type { SentBatch } from "../sent-batch.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import { expectLogError } from "./errors.ts";

const REQUEST_TIMEOUT_MS = 12_000;

export type SendResult =
  | { readonly kind: "acknowledged"; readonly baseOffset: number | undefined }
  /** Surely not appended by this attempt. */
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "unknown"; readonly code: ErrorCode | undefined };

/** One attempt to produce one batch through some broker. */
export async function send(world: World, client: SimulatedProcess, batch: SentBatch): Promise<SendResult> {
  let twice = false;
  batch.attempts += 1;
  const part = { topic: batch.topic, partition: batch.partition, records: batch.bytes };
  const exchange = {
    client,
    endpoint: world.cluster.anyEndpoint(),
    timeoutMs: REQUEST_TIMEOUT_MS,
    ...(batch.session !== undefined && {
      onTwice: () => {
        twice = true;
        batch.attempts += 1;
        return world.cluster.anyEndpoint();
      },
    }),
  };
  try {
    const reply = await world.network.call({
      ...exchange,
      invoke: (service, context) => service.produce(context, { acks: -1, partitions: [part] }),
    });
    const result = reply.partitions[0];
    if (result === undefined) throw new Error("a produce reply without the partition that was asked for");
    if (!result.ok) return failed(world, batch, result.error, twice);
    return { kind: "acknowledged", baseOffset: result.baseOffset === -1 ? undefined : result.baseOffset };
  } catch (error) {
    return failed(world, batch, error, twice);
  }
}

function failed(world: World, batch: SentBatch, error: unknown, twice: boolean): SendResult {
  const known: LogError | undefined = expectLogError(world.history, `produce of ${batch.name}`, error);
  world.trace.note(batch.client, `${batch.name}: ${known?.code} (effect ${known?.effect}) ${known?.message}`);
  if (known === undefined || known.effect === "unknown" || twice) return { kind: "unknown", code: known?.code };
  return { kind: "refused", code: known.code };
}
