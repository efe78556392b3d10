import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { errorToJson } from "../api/http/error-body.ts";
import { BATCHES_TYPE, JSON_TYPE } from "../api/http/media-types.ts";
import type { Clock } from "../base/clock.ts";
import { LogError } from "../base/errors.ts";
import {
  httpCloseMsMax,
  httpConnectionsMax,
  httpHeadersMsMax,
  httpKeepAliveMs,
  httpRequestMsMax,
} from "../base/limits.ts";
import { errorAnswer } from "./error-answer.ts";
import type { HttpApp, HttpBindings } from "./http-options.ts";
import { writeParts } from "./write-parts.ts";

export interface ServeOptions {
  readonly app: HttpApp;
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  readonly clock: Clock;
  /** For a request's line and headers, ms. */
  readonly headersMs?: number;
  /** For a whole request with its body, ms. */
  readonly requestMs?: number;
  readonly connectionsMax?: number;
}

export interface HttpServer {
  readonly host: string;
  /** The one that was bound, also when 0 was asked for. */
  readonly port: number;
  readonly url: string;
  /** Takes no more, lets requests under way finish for `graceMs`, then breaks them off. Idempotent. */
  close(graceMs?: number): Promise<void>;
}

/** While closing, how often connections that have gone idle are looked for. */
const IDLE_SWEEP_MS = 20;

/** Serves the app over `node:http`, guarded against slow and broken clients. Rejects when the address is taken. */
export async function serve(options: ServeOptions): Promise<HttpServer> {
  const server = createServer(
    {
      headersTimeout: options.headersMs ?? httpHeadersMsMax,
      requestTimeout: options.requestMs ?? httpRequestMsMax,
      keepAliveTimeout: httpKeepAliveMs,
      connectionsCheckingInterval: Math.min(1000, options.headersMs ?? httpHeadersMsMax),
      noDelay: true,
    },
    listenerOf(options.app),
  );
  server.maxConnections = options.connectionsMax ?? httpConnectionsMax;
  server.on("clientError", refuseBrokenRequest);
  const { address, port, family } = await listen(server, options);
  const host = family === "IPv6" ? `[${address}]` : address;
  let closing: Promise<void> | undefined;
  return {
    host: address,
    port,
    url: `http://${host}:${port}`,
    close: (graceMs = httpCloseMsMax) => (closing ??= closeServer(server, options.clock, graceMs)),
  };
}

function listenerOf(app: HttpApp) {
  const fetch = async (request: Request, env: unknown): Promise<Response> => {
    const { incoming, outgoing } = env as { incoming: IncomingMessage; outgoing: ServerResponse };
    let body: readonly Uint8Array[] | undefined;
    const answer = await app.fetch(
      request,
      bindingsOf(incoming, (parts) => (body = parts)),
    );
    // An answer of another type is an error that came after the body.
    if (body === undefined || answer.headers.get("content-type") !== BATCHES_TYPE) return answer;
    writeParts(outgoing, answer, body);
    return RESPONSE_ALREADY_SENT;
  };
  return getRequestListener(fetch, { errorHandler: () => malformedTarget() });
}

/** A target or Host of which no URL can be made: there is no Request to hand to the app. */
function malformedTarget(): Response {
  return errorAnswer(new LogError("InvalidRequest", "the request's target or Host header is malformed"));
}

/** The body straight from the socket. Left undestroyed after a refusal, so that the answer can still go out. */
function bindingsOf(incoming: IncomingMessage, takeBody: (parts: readonly Uint8Array[]) => void): HttpBindings {
  return {
    takeBody,
    get chunks() {
      return incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    },
  };
}

function listen(server: Server, { host, port }: ServeOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Node closes idle connections once, at first: a connection that was answered since would be kept alive. */
function closeServer(server: Server, clock: Clock, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const graceTimer = clock.startTimer(graceMs, () => server.closeAllConnections());
    let sweepTimer = clock.startTimer(IDLE_SWEEP_MS, function sweep() {
      server.closeIdleConnections();
      sweepTimer = clock.startTimer(IDLE_SWEEP_MS, sweep);
    });
    server.close(() => {
      graceTimer.cancel();
      sweepTimer.cancel();
      resolve();
    });
  });
}

/** What the parser refuses never reaches the app; it is answered in the app's own form, and the connection ends. */
function refuseBrokenRequest(cause: Error & { code?: string }, socket: Duplex): void {
  if (cause.code === "ECONNRESET" || !socket.writable || (socket as Socket).bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { status, error } = brokenRequest(cause.code);
  const body = JSON.stringify({ error: errorToJson(error) });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function brokenRequest(code: string | undefined): { status: number; error: LogError } {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return { status: 408, error: new LogError("RequestTimedOut", "the request did not arrive in time") };
  }
  if (code === "HPE_HEADER_OVERFLOW") {
    return { status: 431, error: new LogError("RequestTooLarge", "the request's headers are too large") };
  }
  const error = new LogError("InvalidRequest", "what arrived is not an HTTP request", { details: { parser: code } });
  return { status: 400, error };
}
