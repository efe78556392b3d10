import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";

export interface HttpApi {
  readonly url: string;
  close(): Promise<void>;
}

type Invoke = (event: unknown) => Promise<unknown>;

/** What API Gateway takes for text, and hands over as it is. */
const TEXT = /^(text\/|application\/(json|xml|javascript))/;

/** A stand-in for an HTTP API of API Gateway: payload format 2.0, everything to one function. */
export async function startHttpApi(invoke: Invoke): Promise<HttpApi> {
  const server = createServer((request, response) => {
    void answer(invoke, request, response);
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

async function answer(invoke: Invoke, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const result = (await invoke(await eventOf(request))) as APIGatewayProxyStructuredResultV2;
    const body = Buffer.from(result.body ?? "", result.isBase64Encoded ? "base64" : "utf8");
    response.writeHead(result.statusCode ?? 200, { ...(result.headers as Record<string, string>) });
    response.end(body);
  } catch {
    response.writeHead(500, { "content-type": "application/json" });
    response.end('{"message":"Internal Server Error"}');
  }
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
