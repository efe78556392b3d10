import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { InvocationError } from "./function-environments.ts";

export interface HttpApi {
  readonly url: string;
  close(): Promise<void>;
}

export interface HttpApiOptions {
  readonly invoke: (event: unknown) => Promise<unknown>;
  /** The caller is answered without the function once it takes longer. Default 30 s, as API Gateway has it. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

/** What API Gateway takes for text, and hands over as it is. */
const TEXT = /^(text\/|application\/(json|xml|javascript))/;

/** A stand-in for an HTTP API of API Gateway: payload format 2.0, everything to one function. */
export async function startHttpApi({ invoke, timeoutMs = TIMEOUT_MS }: HttpApiOptions): Promise<HttpApi> {
  const server = createServer((request, response) => {
    const late = setTimeout(() => refuse(response, 503, "Service Unavailable"), timeoutMs);
    void answer(invoke, request, response).finally(() => clearTimeout(late));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  invoke: HttpApiOptions["invoke"],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const result = (await invoke(await eventOf(request))) as APIGatewayProxyStructuredResultV2;
    if (response.headersSent) return;
    const body = Buffer.from(result.body ?? "", result.isBase64Encoded ? "base64" : "utf8");
    response.writeHead(result.statusCode ?? 200, { ...(result.headers as Record<string, string>) });
    response.end(body);
  } catch (error) {
    const isThrottled = error instanceof InvocationError && error.reason === "Throttled";
    if (isThrottled) refuse(response, 503, "Service Unavailable");
    else refuse(response, 500, "Internal Server Error");
  }
}

/** In API Gateway's own words, which say nothing of what the function has done. */
function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ message }));
}

async function eventOf(request: IncomingMessage): Promise<APIGatewayProxyEventV2> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { pathname, search } = new URL(request.url ?? "/", "http://x");
  const isText = TEXT.test(request.headers["content-type"] ?? "");
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]),
  );
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers,
    requestContext: {
      accountId: "123456789012",
      apiId: "stand-in",
      domainName: request.headers.host ?? "stand-in",
      domainPrefix: "stand-in",
      http: {
        method: request.method ?? "GET",
        path: pathname,
        protocol: "HTTP/1.1",
        sourceIp: "127.0.0.1",
        userAgent: "test",
      },
      requestId: "request",
      routeKey: "$default",
      stage: "$default",
      time: "20/Nov/2026:12:00:00 +0000",
      timeEpoch: 0,
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}
