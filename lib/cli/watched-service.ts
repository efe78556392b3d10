import { isLogError } from "../base/errors.ts";
import type { LogService } from "../client/index.ts";

/** Is told how requests go: producers and consumers go on silently while a server is away. */
export interface ServiceWatcher {
  /** A request did not get there, or its answer was lost. */
  unreachable(error: Error): void;
  /** A request was answered. */
  reachable(): void;
}

/** The same service, whose watcher hears of every request's end. */
export function watchedService(service: LogService, watcher: ServiceWatcher): LogService {
  const watched = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      const value = await answer;
      watcher.reachable();
      return value;
    } catch (error) {
      if (isLogError(error, "NetworkException")) watcher.unreachable(error);
      throw error;
    }
  };
  return {
    produce: (context, request) => watched(service.produce(context, request)),
    fetch: (context, request) => watched(service.fetch(context, request)),
    listOffsets: (context, request) => watched(service.listOffsets(context, request)),
    deleteRecords: (context, request) => watched(service.deleteRecords(context, request)),
    createTopics: (context, request) => watched(service.createTopics(context, request)),
    deleteTopics: (context, request) => watched(service.deleteTopics(context, request)),
    createPartitions: (context, request) => watched(service.createPartitions(context, request)),
    describeTopics: (context, request) => watched(service.describeTopics(context, request)),
    describeConfigs: (context, request) => watched(service.describeConfigs(context, request)),
    alterConfigs: (context, request) => watched(service.alterConfigs(context, request)),
    groupHeartbeat: (context, request) => watched(service.groupHeartbeat(context, request)),
    commitOffsets: (context, request) => watched(service.commitOffsets(context, request)),
    fetchOffsets: (context, request) => watched(service.fetchOffsets(context, request)),
    listGroups: (context, request) => watched(service.listGroups(context, request)),
    describeGroups: (context, request) => watched(service.describeGroups(context, request)),
    deleteGroups: (context, request) => watched(service.deleteGroups(context, request)),
    resetOffsets: (context, request) => watched(service.resetOffsets(context, request)),
    deleteOffsets: (context, request) => watched(service.deleteOffsets(context, request)),
    initProducerId: (context, request) => watched(service.initProducerId(context, request)),
    describeServer: (context) => watched(service.describeServer(context)),
    collectGarbage: (context, request) => watched(service.collectGarbage(context, request)),
  };
}
