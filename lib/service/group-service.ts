import type { LogService, RequestContext } from "../api/log-service.ts";
import * as admin from "./group-admin.ts";
import { commitOffsets } from "./group-commit.ts";
import { groupHeartbeat } from "./group-heartbeat.ts";
import { deleteOffsets, fetchOffsets } from "./group-offsets.ts";
import { resetOffsets } from "./reset-offsets.ts";
import type { ServiceCore } from "./service-core.ts";

type GroupService = Pick<
  LogService,
  | "groupHeartbeat"
  | "commitOffsets"
  | "fetchOffsets"
  | "listGroups"
  | "describeGroups"
  | "deleteGroups"
  | "resetOffsets"
  | "deleteOffsets"
>;

/** The groups' part of the service. */
export function serveGroups(core: ServiceCore, bounded: (context: RequestContext) => RequestContext): GroupService {
  return {
    groupHeartbeat: (context, request) => groupHeartbeat(core, bounded(context), request),
    commitOffsets: (context, request) => commitOffsets(core, bounded(context), request),
    fetchOffsets: (context, request) => fetchOffsets(core, bounded(context), request),
    describeGroups: (context, request) => admin.describeGroups(core, bounded(context), request),
    listGroups: (context, request) => admin.listGroups(core, bounded(context), request),
    deleteGroups: (context, request) => admin.deleteGroups(core, bounded(context), request),
    resetOffsets: (context, request) => resetOffsets(core, bounded(context), request),
    deleteOffsets: (context, request) => deleteOffsets(core, bounded(context), request),
  };
}
