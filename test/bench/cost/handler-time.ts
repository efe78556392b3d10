import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { createApiHandler } from "../../../lambda/api-handler.ts";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { ANONYMOUS } from "../../../lib/api/log-service.ts";
import { systemRuntime } from "../../../lib/base/system-runtime.ts";
import { HttpLogService } from "../../../lib/client/http-log-service.ts";
import { billedLogSettings } from "../../../lib/log/log-settings.ts";
import { encodeUncompressedBatch } from "../../../lib/records/encode-batch.ts";
import { openBroker } from "../../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import { randomValues } from "../measure/random-values.ts";

const ENDPOINT = "https://log.example.com";
const INVOCATION_MS = 29_000;

/**
 * Processor time of the API's function for one produce of so many bytes, ms of a whole processor of this machine:
 * from the event, through the HTTP app and the engine over stores in memory, to the result.
 */
export async function measureHandlerMs(valueBytes: number, rounds: number): Promise<number> {
  const runtime = await systemRuntime();
  const broker = await openBroker({
    objects: new MemoryObjectStore(),
    items: new MemoryItemStore(),
    runtime,
    settings: { ...defaultBrokerSettings, log: billedLogSettings, backgroundWork: false },
  });
  const handler = createApiHandler({ runtime, open: async () => broker.service });
  let processorMs = 0;
  const invoke: typeof fetch = async (input, init) => {
    const event = await eventOf(new Request(input, init));
    const before = process.cpuUsage();
    const result = await handler(event, { awsRequestId: "r", getRemainingTimeInMillis: () => INVOCATION_MS });
    const { user, system } = process.cpuUsage(before);
    processorMs += (user + system) / 1000;
    const body = result.isBase64Encoded ? Buffer.from(result.body ?? "", "base64") : result.body;
    return new Response(body ?? "", {
      status: result.statusCode ?? 200,
      headers: result.headers as Record<string, string>,
    });
  };
  const service = new HttpLogService({ endpoint: ENDPOINT, clock: runtime.clock, fetch: invoke });
  const context = () => ({
    principal: ANONYMOUS,
    clientId: "bench",
    deadlineMs: runtime.clock.monotonicMs() + INVOCATION_MS,
  });
  const configs = { "max.message.bytes": String(4 * 1024 * 1024) };
  await broker.service.createTopics(context(), { topics: [{ name: "t", partitions: 1, configs }] });
  const nextValue = randomValues(valueBytes);
  const produce = async (baseSequence: number): Promise<void> => {
    const record = { key: null, value: nextValue(), headers: [], timestampMs: runtime.clock.nowMs() };
    const records = encodeUncompressedBatch([record], { producerId: 1, producerEpoch: 0, baseSequence });
    const reply = await service.produce(context(), { acks: -1, partitions: [{ topic: "t", partition: 0, records }] });
    for (const part of reply.partitions) if (!part.ok) throw part.error;
  };
  // The first rounds are for the compiler.
  for (let round = 0; round < rounds; round++) await produce(round);
  processorMs = 0;
  for (let round = 0; round < rounds; round++) await produce(rounds + round);
  await broker.close();
  return processorMs / rounds;
}

async function eventOf(request: Request): Promise<APIGatewayProxyEventV2> {
  const url = new URL(request.url);
  return {
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(request.headers),
    body: Buffer.from(await request.arrayBuffer()).toString("base64"),
    isBase64Encoded: true,
    requestContext: { domainName: url.hostname, stage: "$default", http: { method: request.method } },
  } as unknown as APIGatewayProxyEventV2;
}
