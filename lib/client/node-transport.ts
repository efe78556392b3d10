import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { byteLengthOf } from "../base/bytes.ts";
import type { HttpAnswer, HttpRequest, HttpTransport } from "./http-transport.ts";

/** Idle connections are given up before the server does it: a request on one that just closed is lost. */
const IDLE_MS = 4000;

/**
 * Over `node:http` with connections kept alive: bodies go out in their parts and come in without web streams,
 * which for batches is several times as fast as Node's `fetch`.
 */
export function nodeTransport(): HttpTransport {
  const options = { keepAlive: true, keepAliveMsecs: 1000, timeout: IDLE_MS, scheduling: "lifo" } as const;
  const plain = new Agent(options);
  const tls = new TlsAgent(options);
  return {
    send: ({ url, method, headers, body, signal }) => {
      return new Promise((resolve, reject) => {
        const isTls = url.protocol === "https:";
        const agent = isTls ? tls : plain;
        const length = body === undefined ? {} : { "content-length": String(byteLengthOf(body)) };
        const request = (isTls ? httpsRequest : httpRequest)(url, {
          method,
          agent,
          headers: { ...headers, ...length },
          signal,
        });
        request.on("error", reject);
        request.on("response", (response) => readAnswer(response).then(resolve, reject));
        sendBody(request, body);
      });
    },
    close() {
      plain.destroy();
      tls.destroy();
    },
  };
}

/** All parts in one write to the socket. */
function sendBody(request: ClientRequest, body: HttpRequest["body"]): void {
  request.cork();
  for (const part of body ?? []) request.write(part);
  request.uncork();
  request.end();
}

function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () => {
      const [first] = chunks;
      resolve({
        status: response.statusCode ?? 0,
        header: (name) => textOf(response.headers[name]),
        bytes: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks),
      });
    });
  });
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}
