import type {
  CommitOffsetsReply,
  CommitOffsetsRequest,
  DeleteOffsetsReply,
  DeleteOffsetsRequest,
  FetchOffsetsReply,
  FetchOffsetsRequest,
  GroupDescription,
  GroupHeartbeatReply,
  GroupHeartbeatRequest,
  GroupIdsRequest,
  GroupResult,
  ListGroupsReply,
  ListGroupsRequest,
  ResetOffsetsReply,
  ResetOffsetsRequest,
} from "../api/group-types.ts";
import { METHOD_ADDRESSES } from "../api/http/addresses.ts";
import { isRecord } from "../api/http/error-body.ts";
import { decodeFetchReply } from "../api/http/fetch-frame.ts";
import {
  BATCHES_TYPE,
  CLIENT_ID_HEADER,
  JSON_TYPE,
  REQUEST_ID_HEADER,
  TIMEOUT_HEADER,
} from "../api/http/media-types.ts";
import { encodeProduceRequest } from "../api/http/produce-frame.ts";
import { resultFromJson } from "../api/http/results.ts";
import type {
  InitProducerIdRequest,
  LogService,
  ProducerIdentity,
  RequestContext,
  ServerDescription,
} from "../api/log-service.ts";
import type { CollectedGarbage, CollectGarbageRequest } from "../api/maintenance-types.ts";
import type {
  DeleteRecordsReply,
  DeleteRecordsRequest,
  FetchReply,
  FetchRequest,
  ListOffsetsReply,
  ListOffsetsRequest,
  PartitionResult,
  ProduceReply,
  ProduceRequest,
} from "../api/record-types.ts";
import type {
  AlterConfigsRequest,
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeleteTopicsRequest,
  DescribeConfigsRequest,
  DescribeTopicsRequest,
  TopicConfigs,
  TopicDescription,
  TopicResult,
} from "../api/topic-types.ts";
import { utf8 } from "../base/bytes.ts";
import { remainingMs } from "../base/call.ts";
import type { Clock } from "../base/clock.ts";
import { type Effect, isLogError, LogError } from "../base/errors.ts";
import type { RequestSigner } from "./aws-signer.ts";
import { defaultTransport } from "./default-transport.ts";
import { bodyOf, foreignAnswer } from "./http-answer.ts";
import { fetchTransport, type HttpAnswer, type HttpTransport } from "./http-transport.ts";
import { networkErrorOf } from "./network-error.ts";

export interface HttpLogServiceOptions {
  /** "http://127.0.0.1:8080"; may have a path, such as an API stage's. */
  readonly endpoint: string;
  /** Sent as bearer token, to this endpoint only. */
  readonly token?: string | undefined;
  /** Proves to AWS who sends the requests, in place of a token. */
  readonly signer?: RequestSigner | undefined;
  /** Sent with every request: what an authorizer of one's own looks at. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly clock: Clock;
  /** Sends the requests, where the platform's own way is not wanted: in other runtimes, or behind a proxy. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

type Method = keyof typeof METHOD_ADDRESSES;

/** What a lost answer leaves open: nothing for a method that only reads, or whose effect nobody can notice. */
const LOST_EFFECT: Readonly<Record<Method, Effect>> = {
  produce: "unknown",
  fetch: "none",
  listOffsets: "none",
  deleteRecords: "unknown",
  createTopics: "unknown",
  deleteTopics: "unknown",
  createPartitions: "unknown",
  describeTopics: "none",
  describeConfigs: "none",
  alterConfigs: "unknown",
  groupHeartbeat: "unknown",
  commitOffsets: "unknown",
  fetchOffsets: "none",
  listGroups: "none",
  describeGroups: "none",
  deleteGroups: "unknown",
  resetOffsets: "unknown",
  deleteOffsets: "unknown",
  initProducerId: "none",
  describeServer: "none",
  collectGarbage: "unknown",
};

interface Sent {
  readonly body?: readonly Uint8Array[];
  readonly contentType?: string;
  readonly accept?: string;
}

/**
 * `LogService` over HTTP: errors arrive as the `LogError` that the server's own service threw or answered.
 * Never retries: whoever knows what is safe does. An answer that got lost is a `NetworkException`.
 */
export class HttpLogService implements LogService {
  readonly #endpoint: string;
  readonly #token: string | undefined;
  readonly #signer: RequestSigner | undefined;
  readonly #ownHeaders: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #transport: HttpTransport;

  constructor(options: HttpLogServiceOptions) {
    this.#endpoint = checkedEndpoint(options.endpoint);
    this.#token = checkedToken(options.token);
    this.#signer = options.signer;
    this.#ownHeaders = options.headers ?? {};
    this.#clock = options.clock;
    this.#transport = options.fetch === undefined ? defaultTransport() : fetchTransport(options.fetch);
  }

  /** Gives up idle connections. */
  close(): void {
    this.#transport.close();
  }

  async produce(context: RequestContext, request: ProduceRequest): Promise<ProduceReply> {
    const sent = { body: encodeProduceRequest(request), contentType: BATCHES_TYPE };
    return { partitions: await this.#results(context, "produce", sent, "partitions", request.partitions.length) };
  }

  async fetch(context: RequestContext, request: FetchRequest): Promise<FetchReply> {
    const call = await this.#call(context, "fetch", { ...json(request), accept: BATCHES_TYPE });
    if (!(call.body instanceof Uint8Array)) throw call.foreign();
    try {
      const reply = decodeFetchReply(call.body);
      if (reply.partitions.length === request.partitions.length) return reply;
    } catch (error) {
      if (!isLogError(error)) throw error;
    }
    throw call.foreign();
  }

  async listOffsets(context: RequestContext, request: ListOffsetsRequest): Promise<ListOffsetsReply> {
    const count = request.partitions.length;
    return { partitions: await this.#results(context, "listOffsets", json(request), "partitions", count) };
  }

  async deleteRecords(context: RequestContext, request: DeleteRecordsRequest): Promise<DeleteRecordsReply> {
    const count = request.partitions.length;
    return { partitions: await this.#results(context, "deleteRecords", json(request), "partitions", count) };
  }

  createTopics(context: RequestContext, request: CreateTopicsRequest): Promise<TopicResult<TopicDescription>[]> {
    return this.#results(context, "createTopics", json(request), "topics", request.topics.length);
  }

  deleteTopics(context: RequestContext, request: DeleteTopicsRequest): Promise<TopicResult<object>[]> {
    return this.#results(context, "deleteTopics", json(request), "topics", request.names.length);
  }

  createPartitions(
    context: RequestContext,
    request: CreatePartitionsRequest,
  ): Promise<TopicResult<TopicDescription>[]> {
    return this.#results(context, "createPartitions", json(request), "topics", request.topics.length);
  }

  describeTopics(context: RequestContext, request: DescribeTopicsRequest): Promise<TopicResult<TopicDescription>[]> {
    return this.#results(context, "describeTopics", json(request), "topics", request.names?.length);
  }

  describeConfigs(context: RequestContext, request: DescribeConfigsRequest): Promise<TopicResult<TopicConfigs>[]> {
    return this.#results(context, "describeConfigs", json(request), "topics", request.topics.length);
  }

  alterConfigs(context: RequestContext, request: AlterConfigsRequest): Promise<TopicResult<TopicConfigs>[]> {
    return this.#results(context, "alterConfigs", json(request), "topics", request.topics.length);
  }

  async groupHeartbeat(context: RequestContext, request: GroupHeartbeatRequest): Promise<GroupHeartbeatReply> {
    const call = await this.#call(context, "groupHeartbeat", json(request));
    if (isRecord(call.body) && typeof call.body.memberEpoch === "number") {
      return call.body as unknown as GroupHeartbeatReply;
    }
    throw call.foreign();
  }

  async commitOffsets(context: RequestContext, request: CommitOffsetsRequest): Promise<CommitOffsetsReply> {
    const count = request.partitions.length;
    return { partitions: await this.#results(context, "commitOffsets", json(request), "partitions", count) };
  }

  async fetchOffsets(context: RequestContext, request: FetchOffsetsRequest): Promise<FetchOffsetsReply> {
    const count = request.partitions?.length;
    return { partitions: await this.#results(context, "fetchOffsets", json(request), "partitions", count) };
  }

  async listGroups(context: RequestContext, request: ListGroupsRequest): Promise<ListGroupsReply> {
    const call = await this.#call(context, "listGroups", json(request));
    if (isRecord(call.body) && Array.isArray(call.body.groups)) return call.body as unknown as ListGroupsReply;
    throw call.foreign();
  }

  describeGroups(context: RequestContext, request: GroupIdsRequest): Promise<GroupResult<GroupDescription>[]> {
    return this.#results(context, "describeGroups", json(request), "groups", request.groupIds.length);
  }

  deleteGroups(context: RequestContext, request: GroupIdsRequest): Promise<GroupResult<object>[]> {
    return this.#results(context, "deleteGroups", json(request), "groups", request.groupIds.length);
  }

  async resetOffsets(context: RequestContext, request: ResetOffsetsRequest): Promise<ResetOffsetsReply> {
    return { partitions: await this.#results(context, "resetOffsets", json(request), "partitions", undefined) };
  }

  async deleteOffsets(context: RequestContext, request: DeleteOffsetsRequest): Promise<DeleteOffsetsReply> {
    const count = request.partitions.length;
    return { partitions: await this.#results(context, "deleteOffsets", json(request), "partitions", count) };
  }

  async initProducerId(context: RequestContext, request: InitProducerIdRequest): Promise<ProducerIdentity> {
    const call = await this.#call(context, "initProducerId", json(request));
    if (isRecord(call.body) && typeof call.body.producerId === "number") {
      return call.body as unknown as ProducerIdentity;
    }
    throw call.foreign();
  }

  async describeServer(context: RequestContext): Promise<ServerDescription> {
    const call = await this.#call(context, "describeServer", {});
    if (isRecord(call.body) && typeof call.body.clusterId === "string") {
      return call.body as unknown as ServerDescription;
    }
    throw call.foreign();
  }

  async collectGarbage(context: RequestContext, request: CollectGarbageRequest): Promise<CollectedGarbage> {
    const call = await this.#call(context, "collectGarbage", json(request));
    if (isRecord(call.body) && typeof call.body.bytes === "number") return call.body as unknown as CollectedGarbage;
    throw call.foreign();
  }

  /** The list of results under `name`, which has as many entries as were asked for when that is known. */
  async #results<R extends PartitionResult<unknown> | TopicResult<unknown> | GroupResult<unknown>>(
    context: RequestContext,
    method: Method,
    sent: Sent,
    name: "partitions" | "topics" | "groups",
    count: number | undefined,
  ): Promise<R[]> {
    const call = await this.#call(context, method, sent);
    const list = isRecord(call.body) ? call.body[name] : undefined;
    if (!Array.isArray(list) || (count !== undefined && list.length !== count)) throw call.foreign();
    return list.map((entry) => {
      const result = resultFromJson<R>(entry);
      if (result === undefined) throw call.foreign();
      return result;
    });
  }

  async #call(context: RequestContext, method: Method, sent: Sent): Promise<{ body: unknown; foreign(): LogError }> {
    const path = METHOD_ADDRESSES[method];
    const asked = { endpoint: this.#endpoint, path, effect: LOST_EFFECT[method] };
    const answer = await this.#send(context, method, sent);
    return { body: bodyOf(answer, asked), foreign: () => foreignAnswer(answer, asked) };
  }

  async #send(context: RequestContext, method: Method, sent: Sent): Promise<HttpAnswer> {
    const leftMs = Math.floor(remainingMs(this.#clock, context));
    if (context.signal?.aborted) throw aborted(context.signal, "none");
    if (leftMs === 0) throw timedOut(method, "none");
    const effect = LOST_EFFECT[method];
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(aborted(context.signal, effect));
    const timer = this.#clock.startTimer(leftMs, () => stop.abort(timedOut(method, effect)));
    context.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const request = {
        method: sent.body === undefined ? "GET" : "POST",
        url: new URL(this.#endpoint + METHOD_ADDRESSES[method]),
        headers: this.#headers(context, sent, leftMs),
        body: sent.body,
      } as const;
      const headers = this.#signer === undefined ? request.headers : await this.#signer.headersFor(request);
      return await this.#transport.send({ ...request, headers, signal: stop.signal });
    } catch (cause) {
      if (stop.signal.aborted) throw stop.signal.reason;
      if (isLogError(cause)) throw cause;
      throw networkErrorOf(cause, this.#endpoint, effect);
    } finally {
      timer.cancel();
      context.signal?.removeEventListener("abort", onAbort);
    }
  }

  #headers(context: RequestContext, sent: Sent, leftMs: number): Record<string, string> {
    const headers: Record<string, string> = {
      ...this.#ownHeaders,
      accept: sent.accept ?? JSON_TYPE,
      [TIMEOUT_HEADER]: String(leftMs),
    };
    if (sent.contentType !== undefined) headers["content-type"] = sent.contentType;
    if (context.clientId !== "") headers[CLIENT_ID_HEADER] = encodeURIComponent(context.clientId.toWellFormed());
    if (context.requestId !== undefined && VISIBLE_ASCII.test(context.requestId))
      headers[REQUEST_ID_HEADER] = context.requestId;
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`;
    return headers;
  }
}

function json(request: object): Sent {
  return { body: [utf8(JSON.stringify(request))], contentType: JSON_TYPE };
}

function checkedEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const message = `the endpoint must be an http or https URL, such as http://127.0.0.1:8080; got "${endpoint}"`;
    throw new LogError("InvalidArgument", message, { details: { field: "endpoint" } });
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    const message = "the endpoint must be a plain URL: no user, no query, no fragment; a token has its own option";
    throw new LogError("InvalidArgument", message, { details: { field: "endpoint" } });
  }
  return url.href.replace(/\/+$/, "");
}

/** What a header can carry; the token itself is never told. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || VISIBLE_ASCII.test(token)) return token;
  const message = "the token must be visible ASCII characters without spaces or line ends";
  throw new LogError("InvalidArgument", message, { details: { field: "token" } });
}

function timedOut(method: Method, effect: Effect): LogError {
  return new LogError("RequestTimedOut", `${method}: no answer before the deadline`, { effect });
}

function aborted(signal: AbortSignal | undefined, effect: Effect): LogError {
  return new LogError("Aborted", "the caller gave up", { effect, cause: signal?.reason });
}
