import type { FetchedOffset } from "../../api/group-types.ts";
import type { TopicPartition } from "../../api/record-types.ts";
import { LogError } from "../../base/errors.ts";
import type { Connection } from "../connection.ts";
import { inRequests } from "../in-requests.ts";
import { type RetryOptions, retryWhileRetriable } from "../retry.ts";
import { placeOf } from "./group-partition.ts";

export interface PlacesAsked {
  readonly groupId: string;
  /** Asked for as a member: who has been replaced is refused. */
  readonly memberId?: string;
  readonly memberEpoch?: number;
  readonly partitions: readonly TopicPartition[];
}

/** What a group has committed for these partitions, in their order; the first that is refused throws. */
export function fetchPlaces(
  connection: Connection,
  { partitions: all, ...asked }: PlacesAsked,
  options: Pick<RetryOptions, "timeoutMs" | "stopAt" | "signal">,
): Promise<(TopicPartition & FetchedOffset)[]> {
  const { backoff, runtime } = connection;
  const { signal } = options;
  return inRequests(all, (partitions) =>
    retryWhileRetriable({ clock: runtime.clock, backoff, ...options }, async () => {
      const request = { ...asked, partitions };
      const reply = await connection.request(
        "fetchOffsets",
        (service, context) => service.fetchOffsets(context, request),
        { signal },
      );
      return partitions.map((place, at) => {
        const answer = reply.partitions[at];
        if (answer === undefined || placeOf(answer) !== placeOf(place)) {
          throw new LogError("UnknownServerError", `fetchOffsets: no answer for ${placeOf(place)}`);
        }
        if (!answer.ok) throw answer.error;
        return answer;
      });
    }),
  );
}
