import { ANONYMOUS, type LogService, type RequestContext } from "../../../lib/api/log-service.ts";
import type { Fetched, PartitionResult } from "../../../lib/api/record-types.ts";
import { putIdentity } from "../../../lib/log/identity-object.ts";
import { STORE_FORMAT } from "../../../lib/log/store-identity.ts";
import type { Broker } from "../../../lib/service/broker.ts";
import { openBroker } from "../../../lib/service/broker.ts";
import { type BrokerSettings, defaultBrokerSettings } from "../../../lib/service/broker-settings.ts";
import { itemAbsent, set } from "../../../lib/storage/item-change.ts";
import { storeKey } from "../../../lib/storage/item-keys.ts";
import { encodeStoreIdentity } from "../../../lib/storage/items/store.ts";
import { testCall } from "../test-call.ts";
import { type Intercept, intercepted } from "./intercepted.ts";
import { recordsIn } from "./records-of.ts";
import type { TestLog } from "./test-log.ts";

export interface BrokerOptions {
  readonly settings?: Partial<BrokerSettings>;
  readonly items?: Intercept;
  readonly objects?: Intercept;
}

/** As a first broker would have, before there were topics: a test's engines may have made some without one. */
async function giveIdentity({ objects, items }: TestLog): Promise<void> {
  const identity = { incarnation: "of-a-test", format: STORE_FORMAT };
  if ((await putIdentity(objects, { ...identity, generation: 0 }, testCall)) === "exists") return;
  const changes = Object.entries(encodeStoreIdentity(identity)).map(([name, value]) => set([name], value));
  await items.update(storeKey, changes, [itemAbsent], testCall);
}

/** A broker over the log's stores, without background work. */
export async function brokerOf(log: TestLog, options: BrokerOptions = {}): Promise<Broker> {
  await giveIdentity(log);
  return openBroker({
    objects: options.objects === undefined ? log.objects : intercepted(log.objects, options.objects),
    items: options.items === undefined ? log.items : intercepted(log.items, options.items),
    runtime: log.runtime(),
    settings: { ...defaultBrokerSettings, backgroundWork: false, ...options.settings },
  });
}

/** A request by nobody in particular, with all the time that the service allows. */
export const anyone: RequestContext = {
  principal: ANONYMOUS,
  clientId: "test",
  deadlineMs: Number.POSITIVE_INFINITY,
};

/** The answer to one batch for one partition. */
export async function produceTo(service: LogService, topic: string, partition: number, records: Uint8Array) {
  const { partitions } = await service.produce(anyone, { acks: -1, partitions: [{ topic, partition, records }] });
  return partitions[0];
}

/** Everything that one partition holds, as "offset:value"; an error's code when it cannot be read. */
export async function contentOf(service: LogService, topic: string, partition = 0): Promise<readonly string[]> {
  const { partitions } = await service.fetch(anyone, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 10_000_000,
    isolation: "read_uncommitted",
    partitions: [{ topic, partition, offset: 0, maxBytes: 10_000_000 }],
  });
  const [result] = partitions;
  return result?.ok === true ? recordsIn(result.records) : [codeOf(result)];
}

/** The error code of one part of an answer; "ok" without one. */
export function codeOf(result: PartitionResult<Fetched | object> | undefined): string {
  if (result === undefined) return "no answer";
  return result.ok ? "ok" : result.error.code;
}
