import { answerRecordBytesMax } from "../../../lambda/http-event.ts";
import { JANITOR_JOBS, runJanitorJob } from "../../../lambda/janitor-work.ts";
import { RollRequests } from "../../../lambda/roll-requests.ts";
import type { FetchReply, FetchRequest, ProduceReply, ProduceRequest } from "../../../lib/api/record-types.ts";
import { openAwsBroker } from "../../../lib/aws/aws-broker.ts";
import { rollPartitions } from "../../../lib/aws/roll-partitions.ts";
import { billedLogSettings, type LogSettings } from "../../../lib/log/log-settings.ts";
import { type Broker, openBroker } from "../../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import { assumed, functionMemoryMb, janitorEveryMs } from "./assumptions.ts";
import { type Bill, emptyBill } from "./bill.ts";
import type { Account, CostWorld } from "./cost-world.ts";
import { FunctionPool } from "./function-pool.ts";

const MIB = 1024 * 1024;
/** An HTTP API counts a request once for each of these, of what goes in or out. */
const GATEWAY_UNIT_BYTES = 512 * 1024;
/** The longest that the construct lets a fetch wait. */
const FETCH_WAIT_MS_MAX = 5000;
/** The janitor and the roller work no longer at a time. */
const JANITOR_MS = 890_000;
const ROLLER_MS = 295_000;

/** A log on AWS and a way to it, and what has been billed so far. */
export interface Deployment {
  /** Throws when any part was refused. */
  produce(request: ProduceRequest): Promise<void>;
  fetch(request: FetchRequest): Promise<FetchReply>;
  bill(): Bill;
  close(): Promise<void>;
}

export type Way = "in-process" | "API";

export interface DeployOptions {
  /** Of an API's function for one request, by its bytes: measured. */
  readonly processorMs: (bytes: number) => number;
  /** Default true: a reader that is counted apart leaves the upkeep to others. */
  readonly upkeep?: boolean;
  /** Of a broker in-process. Default 0. */
  readonly lingerMs?: number;
  /** Of a broker in-process, in place of those for AWS. */
  readonly placement?: LogSettings["placement"];
}

export function deploy(world: CostWorld, way: Way, options: DeployOptions): Promise<Deployment> {
  return way === "in-process" ? inProcess(world, options) : Promise.resolve(throughApi(world, options));
}

/** A long-running process that is its own broker. */
async function inProcess(world: CostWorld, options: DeployOptions): Promise<Deployment> {
  const { stores, counter } = world.account();
  const broker = await world.run(openInProcess(world, stores, options));
  return {
    produce: async (request) => checkProduced(await broker.service.produce(world.context(), request)),
    fetch: (request) => broker.service.fetch(world.context(), request),
    bill: () => ({ ...emptyBill, stores: counter.snapshot() }),
    close: () => world.run(broker.close()),
  };
}

function openInProcess(world: CostWorld, stores: Account["stores"], options: DeployOptions): Promise<Broker> {
  const { upkeep: backgroundWork = true, lingerMs = 0, placement } = options;
  if (placement === undefined) return openAwsBroker(stores, world.runtime, { backgroundWork, lingerMs });
  const log = { ...billedLogSettings, placement };
  return openBroker({ ...stores, runtime: world.runtime, settings: { ...defaultBrokerSettings, log } });
}

/** The construct's functions: each request in an environment, rolls on request, sweeps by schedule. */
function throughApi(world: CostWorld, { processorMs, upkeep = true }: DeployOptions): Deployment {
  const account = world.account();
  const api = new FunctionPool(world, account, functionMemoryMb.api);
  const roller = new FunctionPool(world, account, functionMemoryMb.roller);
  const janitor = new FunctionPool(world, account, functionMemoryMb.janitor);
  const rolls = new RollRequests(world.runtime, {
    invoke: async (partitions) => {
      void roller.invoke(0, async ({ engine }) => {
        const bytes = await rollPartitions(engine, partitions, world.context(ROLLER_MS));
        await roller.compute((bytes / MIB) * assumed.processorMsPerMib);
      });
    },
  });
  const stop = upkeep ? scheduleJanitor(world, janitor) : () => undefined;
  let gatewayUnits = 0;
  const countUnits = (bytes: number): void => {
    gatewayUnits += Math.max(1, Math.ceil(bytes / GATEWAY_UNIT_BYTES));
  };
  return {
    async produce(request) {
      const bytes = request.partitions.reduce((sum, { records }) => sum + records.byteLength, 0);
      countUnits(bytes);
      await api.invoke(processorMs(bytes), async ({ service }) => {
        const reply = await service.produce(world.context(), request);
        checkProduced(reply);
        for (const [at, part] of reply.partitions.entries()) {
          rolls.produced(part, request.partitions[at]?.records.byteLength ?? 0);
        }
        await rolls.send(world.context());
      });
    },
    fetch: (request) =>
      api.invoke(processorMs(0), async ({ service }) => {
        const maxBytes = Math.min(request.maxBytes, answerRecordBytesMax);
        const maxWaitMs = Math.min(request.maxWaitMs, FETCH_WAIT_MS_MAX);
        const reply = await service.fetch(world.context(), { ...request, maxBytes, maxWaitMs });
        const bytes = fetchedBytes(reply);
        countUnits(bytes);
        await api.compute((bytes / MIB) * assumed.processorMsPerMib);
        return reply;
      }),
    bill: () => {
      const uses = [api.use, roller.use, janitor.use];
      const sum = (name: "invocations" | "gbSeconds"): number => uses.reduce((total, use) => total + use[name], 0);
      const functions = { invocations: sum("invocations"), gbSeconds: sum("gbSeconds") };
      return { stores: account.counter.snapshot(), ...functions, gatewayUnits };
    },
    async close() {
      stop();
      await world.run(Promise.all([api.close(), roller.close(), janitor.close()]));
    },
  };
}

/** The janitor by the construct's schedules. */
function scheduleJanitor(world: CostWorld, janitor: FunctionPool): () => void {
  const { clock } = world.runtime;
  const timers = new Map<string, { cancel(): void }>();
  for (const job of JANITOR_JOBS) {
    const again = (): void => {
      const timer = clock.startTimer(janitorEveryMs[job], () => {
        void janitor.invoke(0, (broker) => runJanitorJob(broker, job, world.context(JANITOR_MS)));
        again();
      });
      timers.set(job, timer);
    };
    again();
  }
  return () => {
    for (const timer of timers.values()) timer.cancel();
  };
}

function checkProduced({ partitions }: ProduceReply): void {
  for (const part of partitions) if (!part.ok) throw part.error;
}

export function fetchedBytes({ partitions }: FetchReply): number {
  let bytes = 0;
  for (const part of partitions) {
    if (!part.ok) throw part.error;
    for (const records of part.records) bytes += records.byteLength;
  }
  return bytes;
}
