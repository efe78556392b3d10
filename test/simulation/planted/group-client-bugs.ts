import type { AssignedTopic, FetchedOffset, GroupHeartbeatReply } from "../../../lib/api/group-types.ts";
import type { LogService } from "../../../lib/api/log-service.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { serviceWith } from "./service-with.ts";

/** Rules of group consumers: each is broken by what the SDK is made to believe, or to say. */
export const groupClientBugs: readonly PlantedBug[] = [
  {
    name: "fetched-taken-for-consumed",
    profile: "whole",
    rule: "a consumer commits what the application is done with, not what it has fetched",
    promises: ["AckDurable"],
    plantClient: committingWhatWasFetched,
  },
  {
    name: "commit-forgotten",
    profile: "whole",
    rule: "a consumer commits what it is done with, at the latest when it lets go of it or closes",
    promises: ["OnceOnly", "AckDurable"],
    plantClient: (service) =>
      serviceWith(service, {
        commitOffsets: async (_context, { partitions }) => ({
          partitions: partitions.map(({ topic, partition }) => ({ topic, partition, ok: true })),
        }),
      }),
  },
  {
    name: "fenced-consumer-goes-on",
    profile: "whole",
    rule: "a consumer that the group has removed hands out nothing more of what it had",
    promises: ["GroupFence"],
    plantClient: deafToFences,
  },
  {
    name: "partition-not-let-go",
    profile: "whole",
    rule: "a consumer says that it has let go of a partition only when it uses it no more",
    promises: ["GroupFence"],
    plantClient: keepingWhatIsRevoked,
  },
  {
    name: "position-kept",
    profile: "whole",
    rule: "a consumer that is given a partition again begins where the group is by then",
    promises: ["OnceOnly", "GroupFence"],
    plantClient: goingOnFromMemory,
  },
];

function placeOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

function committingWhatWasFetched(service: LogService): LogService {
  const fetchedTo = new Map<string, number>();
  return serviceWith(service, {
    fetch: async (context, request) => {
      const reply = await service.fetch(context, request);
      for (const part of reply.partitions) {
        const last = part.ok ? splitBatches(concatBytes(part.records)).at(-1) : undefined;
        if (last !== undefined) fetchedTo.set(placeOf(part), endOffsetOf(readBatchHeader(last)));
      }
      return reply;
    },
    commitOffsets: (context, request) => {
      const partitions = request.partitions.map((part) => {
        return { ...part, offset: Math.max(part.offset, fetchedTo.get(placeOf(part)) ?? 0) };
      });
      return service.commitOffsets(context, { ...request, partitions });
    },
  });
}

/** Hears instead that all is as it was. */
function deafToFences(service: LogService): LogService {
  let last: GroupHeartbeatReply | undefined;
  return serviceWith(service, {
    groupHeartbeat: async (context, request) => {
      try {
        const reply = await service.groupHeartbeat(context, request);
        last = reply;
        return reply;
      } catch (error) {
        const isFenced = isLogError(error, "FencedMemberEpoch", "UnknownMemberId");
        if (!isFenced || request.memberEpoch <= 0 || last === undefined) throw error;
        return { ...last, memberEpoch: request.memberEpoch, assignment: undefined };
      }
    },
  });
}

/** Says at once that it uses only what it may, and goes on with the rest. */
function keepingWhatIsRevoked(service: LogService): LogService {
  let assignment: readonly AssignedTopic[] = [];
  return serviceWith(service, {
    groupHeartbeat: async (context, request) => {
      const isJoin = request.memberEpoch <= 0;
      if (isJoin) assignment = [];
      const owned = isJoin ? request.owned : assignment.map(({ topicId, partitions }) => ({ topicId, partitions }));
      const reply = await service.groupHeartbeat(context, { ...request, owned });
      if (reply.assignment === undefined) return reply;
      const before = assignment;
      assignment = reply.assignment;
      return { ...reply, assignment: together(before, assignment) };
    },
  });
}

function together(before: readonly AssignedTopic[], now: readonly AssignedTopic[]): readonly AssignedTopic[] {
  const all = new Map(now.map((each) => [each.topicId, each]));
  for (const each of before) {
    const partitions = new Set([...each.partitions, ...(all.get(each.topicId)?.partitions ?? [])]);
    all.set(each.topicId, { ...each, partitions: [...partitions] });
  }
  return [...all.values()];
}

/** Of every partition it keeps what it was told first. */
function goingOnFromMemory(service: LogService): LogService {
  const first = new Map<string, FetchedOffset>();
  return serviceWith(service, {
    fetchOffsets: async (context, request) => {
      const reply = await service.fetchOffsets(context, request);
      const partitions = reply.partitions.map((part) => {
        if (!part.ok) return part;
        const known = first.get(placeOf(part));
        if (known?.topicId === part.topicId) return { ...part, offset: known.offset };
        first.set(placeOf(part), part);
        return part;
      });
      return { partitions };
    },
  });
}
