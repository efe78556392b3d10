import type * as z from "zod";
import { METHOD_ADDRESSES } from "./addresses.ts";
import * as groups from "./group-schemas.ts";
import { json, type Operation } from "./operation.ts";

function method(id: keyof typeof METHOD_ADDRESSES, body: z.ZodType, answer: z.ZodType): Operation {
  const summary = `LogService.${id}`;
  return {
    method: "post",
    address: METHOD_ADDRESSES[id],
    id,
    summary,
    status: 200,
    body: json(body),
    answer: json(answer),
  };
}

/** What the server answers about consumer groups. */
export const GROUP_OPERATIONS: readonly Operation[] = [
  method("groupHeartbeat", groups.groupHeartbeatRequestSchema, groups.groupHeartbeatAnswerSchema),
  method("commitOffsets", groups.commitOffsetsRequestSchema, groups.committedOffsetsSchema),
  method("fetchOffsets", groups.fetchOffsetsRequestSchema, groups.fetchedOffsetsSchema),
  method("listGroups", groups.listGroupsRequestSchema, groups.listedGroupsSchema),
  method("describeGroups", groups.groupIdsRequestSchema, groups.describedGroupsSchema),
  method("deleteGroups", groups.groupIdsRequestSchema, groups.deletedGroupsSchema),
  method("resetOffsets", groups.resetOffsetsRequestSchema, groups.resetOffsetsAnswerSchema),
  method("deleteOffsets", groups.deleteOffsetsRequestSchema, groups.committedOffsetsSchema),
];
