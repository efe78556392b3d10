import type { LogService } from "../lib/api/log-service.ts";
import { answerRecordBytesMax } from "./http-event.ts";
import type { RollRequests } from "./roll-requests.ts";

/**
 * The broker's service within what a function can do: fetches answer with no more than fits, and wait no longer
 * than is worth its price; who produces much has it rolled.
 */
export function apiService(service: LogService, fetchWaitMsMax: number, rolls: RollRequests): LogService {
  return {
    ...service,
    fetch: (context, request) => {
      const maxBytes = Math.min(request.maxBytes, answerRecordBytesMax);
      return service.fetch(context, { ...request, maxBytes, maxWaitMs: Math.min(request.maxWaitMs, fetchWaitMsMax) });
    },
    produce: async (context, request) => {
      const reply = await service.produce(context, request);
      for (const [index, part] of reply.partitions.entries()) {
        if (part.ok) rolls.produced(part, request.partitions[index]?.records.byteLength ?? 0);
      }
      await rolls.send(context);
      return reply;
    },
  };
}
