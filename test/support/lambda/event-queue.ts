import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type FunctionEnvironments, InvocationError } from "./function-environments.ts";

export interface EventQueueOptions {
  readonly functions: ReadonlyMap<string, FunctionEnvironments>;
  /** Between an event's attempts. Lambda waits a minute, then two. */
  readonly retryMs: number;
}

export interface EventQueue {
  /** Lambda's own API, as far as asynchronous invocations need it. */
  readonly url: string;
  /** Puts an event in the queue: it is handed over once, and now and then twice. */
  add(functionId: string, event: unknown): void;
  /** Events that came by the API. */
  readonly asked: { readonly functionId: string; readonly event: unknown }[];
  /** Events that failed for good: with the stack they go to its failure queue. */
  readonly failures: { readonly functionId: string; readonly event: unknown; readonly error: unknown }[];
  close(): Promise<void>;
}

/** After the first; Lambda makes as many, as the stack asks for. */
const RETRIES_MAX = 2;
/** Lambda hands an event over at least once: here one in twenty comes again. */
const REPEATED_SHARE = 0.05;

/** A stand-in for Lambda's asynchronous invocations: accepted at once, run later, tried again when they fail. */
export async function startEventQueue({ functions, retryMs }: EventQueueOptions): Promise<EventQueue> {
  const stop = new AbortController();
  const underWay = new Set<Promise<void>>();
  const asked: EventQueue["asked"] = [];
  const failures: EventQueue["failures"][number][] = [];

  const attempt = async (functionId: string, event: unknown): Promise<void> => {
    for (let retries = 0; !stop.signal.aborted; ) {
      try {
        await functions.get(functionId)?.invoke(event);
        return;
      } catch (error) {
        // What is throttled stays in the queue, without counting as an attempt.
        if (!(error instanceof InvocationError && error.reason === "Throttled") && retries++ >= RETRIES_MAX) {
          if (!stop.signal.aborted) failures.push({ functionId, event, error });
          return;
        }
        await sleep(retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  };
  const add = (functionId: string, event: unknown): void => {
    for (let times = Math.random() < REPEATED_SHARE ? 2 : 1; times > 0; times--) {
      const attempts = attempt(functionId, event).finally(() => underWay.delete(attempts));
      underWay.add(attempts);
    }
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const functionId = decodeURIComponent(request.url?.split("/")[3] ?? "");
    const event = JSON.parse((await request.toArray()).join("")) as unknown;
    const isKnown = functions.has(functionId) && request.headers["x-amz-invocation-type"] === "Event";
    response.writeHead(isKnown ? 202 : 404).end();
    if (!isKnown) return;
    asked.push({ functionId, event });
    add(functionId, event);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add,
    asked,
    failures,
    close: async () => {
      stop.abort();
      await Promise.all([...functions.values()].map((each) => each.close()));
      await Promise.all(underWay);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
