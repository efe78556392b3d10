import { ANONYMOUS, type LogService, type RequestContext } from "../api/log-service.ts";
import { settleWithin } from "../base/call.ts";
import type { Runtime } from "../base/runtime.ts";
import { abortedError } from "./aborted.ts";
import { type Backoff, jitteredBackoff } from "./retry.ts";

export interface ConnectionOptions {
  readonly service: LogService;
  readonly runtime: Runtime;
  readonly clientId: string;
  /** Of one request, in ms. */
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMsMax: number;
}

export type Ask<T> = (service: LogService, context: RequestContext) => Promise<T>;

export interface RequestOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A service, and how this client talks to it: what producers, consumers and admin share. */
export class Connection {
  readonly service: LogService;
  readonly runtime: Runtime;
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly backoff: Backoff;

  constructor(options: ConnectionOptions) {
    this.service = options.service;
    this.runtime = options.runtime;
    this.clientId = options.clientId;
    this.requestTimeoutMs = options.requestTimeoutMs;
    this.backoff = jitteredBackoff({
      random: options.runtime.random,
      firstMs: options.retryBackoffMs,
      msMax: options.retryBackoffMsMax,
    });
  }

  contextFor(timeoutMs: number, signal?: AbortSignal): RequestContext {
    const deadlineMs = this.runtime.clock.monotonicMs() + timeoutMs;
    return { principal: ANONYMOUS, clientId: this.clientId, deadlineMs, signal };
  }

  /** One request, whose answer is not waited for beyond its time: services may be slow, never this client. */
  async request<T>(what: string, ask: Ask<T>, options: RequestOptions = {}): Promise<T> {
    const { signal } = options;
    if (signal?.aborted) throw abortedError(what, signal);
    const context = this.contextFor(options.timeoutMs ?? this.requestTimeoutMs, signal);
    try {
      return await settleWithin(this.runtime.clock, context, what, ask(this.service, context));
    } catch (error) {
      throw signal?.aborted ? abortedError(what, signal, "unknown") : error;
    }
  }
}
