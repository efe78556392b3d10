import type {
  InitProducerIdRequest,
  LogService,
  ProducerIdentity,
  RequestContext,
  ServerDescription,
} from "../api/log-service.ts";
import { callWithin } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { messageBytesMax, serviceCallMsDefault, serviceWaitMsMax } from "../base/limits.ts";
import type { Runtime } from "../base/runtime.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { createGroupParts, type GroupParts } from "../groups/group-parts.ts";
import { createLogEngine, type LogEngine } from "../log/log-engine.ts";
import { openStoreIdentity } from "../log/store-identity.ts";
import { checkTopicConfigs } from "../log/topics/topic-configs.ts";
import type { ItemStore } from "../storage/item-store.ts";
import type { StoreIdentity } from "../storage/items/store.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { type Authorize, allowAll } from "./authorize.ts";
import type { BrokerSettings } from "./broker-settings.ts";
import { deleteRecords } from "./delete-records.ts";
import { fetch } from "./fetch.ts";
import { serveGroups } from "./group-service.ts";
import { GroupTopics } from "./group-topics.ts";
import { HighWatermarks } from "./high-watermarks.ts";
import { listOffsets } from "./list-offsets.ts";
import { BackgroundWork } from "./maintenance/background-work.ts";
import { type Maintenance, maintenanceOf } from "./maintenance/maintenance.ts";
import { Traffic } from "./maintenance/traffic.ts";
import { produce } from "./produce.ts";
import type { ServiceCore } from "./service-core.ts";
import * as topics from "./topics.ts";

export interface BrokerParts {
  /** Wrapped so that they keep deadlines and retry what is safe. */
  readonly objects: ObjectStore;
  readonly items: ItemStore;
  readonly runtime: Runtime;
  readonly settings: BrokerSettings;
  /** Allows everything unless given. */
  readonly authorize?: Authorize;
}

export interface Broker {
  readonly service: LogService;
  readonly maintenance: Maintenance;
  readonly engine: LogEngine;
  readonly groups: GroupParts;
  /** Lets appends under way finish, and stops the background work. The stores stay open. */
  close(): Promise<void>;
}

/** Starts a broker over a pair of stores; any number of them may work on the same pair. */
export async function openBroker(parts: BrokerParts): Promise<Broker> {
  const { runtime, settings } = parts;
  checkTopicConfigs(settings.topicDefaults);
  const identity = await openStoreIdentity(parts, runtime, callWithin(runtime.clock, serviceCallMsDefault));
  const engine = createLogEngine({ ...parts, settings: settings.log, topicDefaults: settings.topicDefaults });
  if (settings.backgroundWork) engine.roller.start();
  const groups = createGroupParts({
    items: parts.items,
    runtime,
    settings: settings.groups,
    topics: new GroupTopics(engine),
  });
  const core: ServiceCore = {
    engine,
    groups,
    settings,
    watermarks: new HighWatermarks(),
    traffic: new Traffic(runtime.clock),
    authorize: parts.authorize ?? allowAll,
    creating: new SingleFlight(),
  };
  const maintenance = maintenanceOf(core, identity.incarnation);
  const work = new BackgroundWork(runtime, maintenance);
  if (settings.backgroundWork) work.start(settings.maintenance);
  return {
    service: serviceOf(core, identity, maintenance),
    maintenance,
    engine,
    groups,
    async close() {
      await work.close();
      await engine.close();
    },
  };
}

function serviceOf(core: ServiceCore, identity: StoreIdentity, maintenance: Maintenance): LogService {
  const { clock } = core.engine.context.runtime;
  /** No method takes longer than the service's limit, whatever the caller allows. */
  const bounded = (context: RequestContext): RequestContext => ({
    ...context,
    ...callWithin(clock, serviceWaitMsMax, context),
  });
  return {
    produce: (context, request) => core.traffic.during(() => produce(core, bounded(context), request)),
    fetch: (context, request) => fetch(core, bounded(context), request),
    listOffsets: (context, request) => listOffsets(core, bounded(context), request),
    deleteRecords: (context, request) => deleteRecords(core, bounded(context), request),
    createTopics: (context, request) => topics.createTopics(core, bounded(context), request),
    deleteTopics: (context, request) => topics.deleteTopics(core, bounded(context), request),
    createPartitions: (context, request) => topics.createPartitions(core, bounded(context), request),
    describeTopics: (context, request) => topics.describeTopics(core, bounded(context), request),
    describeConfigs: (context, request) => topics.describeConfigs(core, bounded(context), request),
    alterConfigs: (context, request) => topics.alterConfigs(core, bounded(context), request),
    initProducerId: (context, request) => initProducerId(core, bounded(context), request),
    describeServer: () => describeServer(core, identity),
    async collectGarbage(context, request) {
      core.authorize(context.principal, "alter", { kind: "cluster" });
      return maintenance.runCollection(request, bounded(context));
    },
    ...serveGroups(core, bounded),
  };
}

async function initProducerId(
  core: ServiceCore,
  context: RequestContext,
  request: InitProducerIdRequest,
): Promise<ProducerIdentity> {
  if (request.transactionalId !== undefined) {
    throw new LogError("UnsupportedVersion", "transactions are not supported yet: leave the transactional id out");
  }
  core.authorize(context.principal, "write", { kind: "cluster" });
  return { producerId: await core.engine.producerIds.take(context), producerEpoch: 0 };
}

async function describeServer(core: ServiceCore, identity: StoreIdentity): Promise<ServerDescription> {
  const { settings, engine } = core;
  const { kind, location } = settings.storage;
  const space = await settings.storage.space?.();
  return {
    clusterId: identity.incarnation,
    version: settings.version,
    runtime: settings.runtimeVersion,
    format: identity.format,
    nowMs: engine.context.runtime.clock.nowMs(),
    storage: { kind, location, ...space },
    autoCreateTopics: settings.autoCreateTopics,
    messageBytesMax,
  };
}
