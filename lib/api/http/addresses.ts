/**
 * One address per method of `LogService`, for programs: request and answer are the method's own types as JSON,
 * or a frame where batches travel. People have the resources under `/v1/topics`.
 */
export const METHOD_ADDRESSES = {
  produce: "/v1/produce",
  fetch: "/v1/fetch",
  listOffsets: "/v1/list-offsets",
  deleteRecords: "/v1/delete-records",
  createTopics: "/v1/create-topics",
  deleteTopics: "/v1/delete-topics",
  createPartitions: "/v1/create-partitions",
  describeTopics: "/v1/describe-topics",
  describeConfigs: "/v1/describe-configs",
  alterConfigs: "/v1/alter-configs",
  groupHeartbeat: "/v1/group-heartbeat",
  commitOffsets: "/v1/commit-offsets",
  fetchOffsets: "/v1/fetch-offsets",
  listGroups: "/v1/list-groups",
  describeGroups: "/v1/describe-groups",
  deleteGroups: "/v1/delete-groups",
  resetOffsets: "/v1/reset-offsets",
  deleteOffsets: "/v1/delete-offsets",
  initProducerId: "/v1/producer-ids",
  describeServer: "/v1/server",
  collectGarbage: "/v1/collect-garbage",
} as const;

export const RESOURCE_ADDRESSES = {
  topics: "/v1/topics",
  topic: "/v1/topics/{topic}",
  partitions: "/v1/topics/{topic}/partitions",
  configs: "/v1/topics/{topic}/configs",
  offsets: "/v1/topics/{topic}/offsets",
  records: "/v1/topics/{topic}/records",
  partitionRecords: "/v1/topics/{topic}/partitions/{partition}/records",
} as const;

export const HEALTH_ADDRESS = "/healthz";
export const METRICS_ADDRESS = "/metrics";
export const OPENAPI_ADDRESS = "/openapi.json";
