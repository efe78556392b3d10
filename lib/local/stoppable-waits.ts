import type { LogService, RequestContext } from "../api/log-service.ts";
import type { FetchReply, FetchRequest } from "../api/record-types.ts";

export interface StoppableWaits {
  /** The same service, whose waiting fetches can be told to answer now. */
  readonly service: LogService;
  /** From here on no fetch waits: those that do answer with what there is. */
  stopWaiting(): void;
}

/** Lets a server stop without making its following consumers wait, or break off their connections. */
export function stoppableWaits(service: LogService): StoppableWaits {
  const waiting = new Set<AbortController>();
  let stopped = false;

  async function fetch(context: RequestContext, request: FetchRequest): Promise<FetchReply> {
    const atOnce = { ...request, maxWaitMs: 0 };
    if (stopped || request.maxWaitMs === 0) return service.fetch(context, atOnce);
    const wait = new AbortController();
    const giveUp = (): void => wait.abort(context.signal?.reason);
    context.signal?.addEventListener("abort", giveUp, { once: true });
    waiting.add(wait);
    try {
      const reply = await service.fetch({ ...context, signal: wait.signal }, request);
      return stopped ? service.fetch(context, atOnce) : reply;
    } catch (error) {
      // Cut off in the middle of a read: what it had asked for can still be answered in full.
      if (stopped && context.signal?.aborted !== true) return service.fetch(context, atOnce);
      throw error;
    } finally {
      waiting.delete(wait);
      context.signal?.removeEventListener("abort", giveUp);
    }
  }

  return {
    service: { ...service, fetch },
    stopWaiting() {
      stopped = true;
      for (const wait of waiting) wait.abort();
    },
  };
}
