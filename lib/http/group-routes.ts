import type { Hono } from "hono";
import * as schemas from "../api/http/group-schemas.ts";
import { resultToJson } from "../api/http/results.ts";
import type { LogService } from "../api/log-service.ts";
import type { HttpEnv } from "./http-options.ts";
import { jsonMethods } from "./json-method.ts";

/** The methods of consumer groups. */
export function addGroupRoutes(app: Hono<HttpEnv>, service: LogService): void {
  const addJsonMethod = jsonMethods(app);
  addJsonMethod("groupHeartbeat", schemas.groupHeartbeatRequestSchema, (context, request) => {
    return service.groupHeartbeat(context, request);
  });
  addJsonMethod("commitOffsets", schemas.commitOffsetsRequestSchema, async (context, request) => {
    const { partitions } = await service.commitOffsets(context, request);
    return { partitions: partitions.map((each) => resultToJson(each)) };
  });
  addJsonMethod("fetchOffsets", schemas.fetchOffsetsRequestSchema, async (context, request) => {
    const { partitions } = await service.fetchOffsets(context, request);
    return { partitions: partitions.map((each) => resultToJson(each)) };
  });
  addJsonMethod("listGroups", schemas.listGroupsRequestSchema, (context, request) => {
    return service.listGroups(context, request);
  });
  addJsonMethod("describeGroups", schemas.groupIdsRequestSchema, async (context, request) => {
    return { groups: (await service.describeGroups(context, request)).map((each) => resultToJson(each)) };
  });
  addJsonMethod("deleteGroups", schemas.groupIdsRequestSchema, async (context, request) => {
    return { groups: (await service.deleteGroups(context, request)).map((each) => resultToJson(each)) };
  });
  addJsonMethod("resetOffsets", schemas.resetOffsetsRequestSchema, async (context, request) => {
    const { partitions } = await service.resetOffsets(context, request);
    return { partitions: partitions.map((each) => resultToJson(each)) };
  });
  addJsonMethod("deleteOffsets", schemas.deleteOffsetsRequestSchema, async (context, request) => {
    const { partitions } = await service.deleteOffsets(context, request);
    return { partitions: partitions.map((each) => resultToJson(each)) };
  });
}
