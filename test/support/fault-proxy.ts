import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";

/** A request on its way; `operation` is DynamoDB's name of it, or S3's method. */
export interface ProxiedRequest {
  readonly operation: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: Buffer;
}

export type ProxyFault =
  /** Answered here; the other side never hears of it. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  /** The connection breaks before the other side hears of it. */
  | { readonly kind: "lostRequest" }
  /** The other side has done it, and the connection breaks. */
  | { readonly kind: "lostReply" }
  /** Headers and some bytes of the answer arrive, then nothing, on an open connection. */
  | { readonly kind: "stalledBody"; readonly afterBytes: number }
  /** As before, and then the connection breaks. */
  | { readonly kind: "cutBody"; readonly afterBytes: number }
  /** The answer's body, changed on the way. */
  | { readonly kind: "changedBody"; readonly change: (body: Buffer) => Buffer };

export interface FaultProxy {
  readonly url: string;
  /** Decides what happens to each request; nothing while undefined. */
  fault: ((request: ProxiedRequest) => ProxyFault | undefined) | undefined;
  /** Every request that came, in order. */
  readonly seen: ProxiedRequest[];
  /** Resolves when a client closes a connection on which its answer was not complete. */
  readonly givenUp: Promise<void>;
  close(): Promise<void>;
}

/** Stands between a client and an emulator and does to their connection what networks and AWS do. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const gaveUp = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    void pass(request, response).catch(() => response.destroy());
  });
  const proxy: FaultProxy = {
    url: "",
    fault: undefined,
    seen: [],
    givenUp: gaveUp.promise,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.once("close", () => {
      if (!response.writableFinished) gaveUp.resolve();
    });
    const body = await bytesOf(request);
    const [, dynamoOperation] = String(request.headers["x-amz-target"] ?? "").split(".");
    const { authorization } = request.headers;
    const seen = { operation: dynamoOperation ?? request.method ?? "", url: request.url ?? "", authorization, body };
    proxy.seen.push(seen);
    const fault = proxy.fault?.(seen);
    if (fault?.kind === "answer") {
      response.writeHead(fault.status, { "content-length": Buffer.byteLength(fault.body), ...fault.headers });
      response.end(fault.body);
      return;
    }
    if (fault?.kind === "lostRequest") {
      response.destroy();
      return;
    }
    const answer = await forward(target, request, body);
    await reply(response, answer, fault);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(proxy, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

interface Answer {
  readonly message: IncomingMessage;
  readonly body: Buffer;
}

async function reply(
  response: ServerResponse,
  { message, body }: Answer,
  fault: Exclude<ProxyFault, { kind: "answer" | "lostRequest" }> | undefined,
): Promise<void> {
  if (fault?.kind === "lostReply") {
    response.destroy();
    return;
  }
  const sent = fault?.kind === "changedBody" ? fault.change(body) : body;
  const headers = { ...message.headers, "content-length": String(sent.byteLength) };
  delete (headers as Record<string, unknown>)["transfer-encoding"];
  response.writeHead(message.statusCode ?? 500, headers);
  if (fault?.kind !== "stalledBody" && fault?.kind !== "cutBody") {
    response.end(sent);
    return;
  }
  response.flushHeaders();
  if (fault.afterBytes > 0) await new Promise((written) => response.write(sent.subarray(0, fault.afterBytes), written));
  if (fault.kind === "cutBody") response.destroy();
}

async function forward(target: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const onward = sendRequest(`${target}${request.url}`, { method: request.method, headers: request.headers });
  onward.end(body);
  const [message] = (await once(onward, "response")) as [IncomingMessage];
  return { message, body: await bytesOf(message) };
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An answer of S3's that refuses. */
export function s3Refusal(status: number, code: string, headers: Record<string, string> = {}): ProxyFault {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>because</Message></Error>`;
  return { kind: "answer", status, body, headers: { "content-type": "application/xml", ...headers } };
}

/** An answer of DynamoDB's that refuses. */
export function dynamoRefusal(status: number, code: string, fields: object = {}): ProxyFault {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: "because", ...fields });
  return { kind: "answer", status, body, headers: { "content-type": "application/x-amz-json-1.0" } };
}
