import type { FetchReply, ProduceReply } from "../../../lib/api/record-types.ts";
import { isLogError, LogError } from "../../../lib/base/errors.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { serviceWith } from "./service-with.ts";

/** Rules of clients: each is broken by what the SDK is made to believe. */
export const clientBugs: readonly PlantedBug[] = [
  {
    name: "undecided-batch-renumbered",
    rule: "a client never sends an undecided batch again under another sequence or epoch",
    promises: ["OnceOnly", "SendOrder", "NoPhantom"],
    plantClient: (service) =>
      serviceWith(service, {
        produce: (context, request) =>
          service.produce(context, request).then(
            (reply) => ({ partitions: reply.partitions.map(outOfStep) }),
            (error: unknown) => {
              throw isUnknown(error) ? outOfStepError() : error;
            },
          ),
      }),
  },
  {
    name: "client-takes-unknown-for-refused",
    rule: "a client reports a batch as refused only when it was surely not appended",
    promises: ["NoPhantom", "OnceOnly", "SendOrder"],
    plantClient: (service) =>
      serviceWith(service, {
        produce: (context, request) =>
          service.produce(context, request).catch((error: unknown) => {
            throw isUnknown(error) ? new LogError("InvalidRecord", "taken for refused", { effect: "none" }) : error;
          }),
      }),
  },
  {
    name: "client-loses-a-fetched-batch",
    rule: "a consumer goes on where the last record ended",
    promises: ["Tiling"],
    plantClient: (service) => {
      let fetches = 0;
      return serviceWith(service, {
        fetch: async (context, request) => {
          const reply = await service.fetch(context, request);
          return ++fetches % 5 === 0 ? withoutFirstBytes(reply) : reply;
        },
      });
    },
  },
];

function isUnknown(error: unknown): boolean {
  return isLogError(error) && error.effect === "unknown";
}

function outOfStepError(): LogError {
  return new LogError("UnknownProducerId", "taken for a producer that nobody knows", { effect: "none" });
}

function outOfStep(part: ProduceReply["partitions"][number]): ProduceReply["partitions"][number] {
  return !part.ok && isUnknown(part.error) ? { ...part, error: outOfStepError() } : part;
}

/** Of answers with several pieces the first is dropped: a consumer that trusts the rest skips it. */
function withoutFirstBytes(reply: FetchReply): FetchReply {
  return {
    ...reply,
    partitions: reply.partitions.map((part) =>
      part.ok && part.records.length > 1 ? { ...part, records: part.records.slice(1) } : part,
    ),
  };
}
