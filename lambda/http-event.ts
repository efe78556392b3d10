import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { ANONYMOUS, type Principal } from "../lib/api/log-service.ts";

/** What API Gateway adds to the request's context once it knows who sends it ("Payload format version 2.0"). */
interface Authorizer {
  readonly iam?: { readonly userArn?: string };
  readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> };
}

/** An HTTP API's event (payload format 2.0) as the standard request that it stands for. */
export function requestOf(event: APIGatewayProxyEventV2): Request {
  const { domainName, stage, http } = event.requestContext;
  // Other stages than the default one are part of the path, but not of the API.
  const prefix = stage === "$default" ? "" : `/${stage}`;
  const path = event.rawPath.startsWith(`${prefix}/`) ? event.rawPath.slice(prefix.length) : event.rawPath;
  const query = event.rawQueryString === "" ? "" : `?${event.rawQueryString}`;
  const url = `https://${domainName}${path.replaceAll("?", "%3F").replaceAll("#", "%23")}${query}`;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.set(name, value);
  const init: RequestInit = { method: http.method, headers };
  if (event.body !== undefined) {
    init.body = event.isBase64Encoded ? Buffer.from(event.body, "base64") : event.body;
  }
  return new Request(url, init);
}

/** Who API Gateway says that sends the request: a role's or user's ARN, or the subject of a token. */
export function principalOf(event: APIGatewayProxyEventV2): Principal {
  const { authorizer } = event.requestContext as { readonly authorizer?: Authorizer };
  const name = authorizer?.iam?.userArn ?? authorizer?.jwt?.claims?.sub;
  return typeof name === "string" ? { kind: "user", name } : ANONYMOUS;
}

/** Text goes as it is; anything else, batches above all, as base64, which is a third longer. */
export async function resultOf(response: Response): Promise<APIGatewayProxyStructuredResultV2> {
  const body = Buffer.from(await response.arrayBuffer());
  const headers = Object.fromEntries(response.headers);
  // API Gateway tells the length of what it sends itself.
  delete headers["content-length"];
  const isText = /^(text\/|application\/json)/.test(headers["content-type"] ?? "");
  return {
    statusCode: response.status,
    headers,
    body: body.toString(isText ? "utf8" : "base64"),
    isBase64Encoded: !isText,
  };
}

/** Characters of a result's body that leave room in 6 MB for its headers and quotation marks. */
export const resultCharactersMax = 6_200_000;
/** Bytes of records in an answer that base64 and the frame's header still leave within that. */
export const answerRecordBytesMax = 4 * 1024 * 1024;

/** Whether Lambda takes the result: quotation marks and line ends of text count twice. */
export function fitsResult(result: APIGatewayProxyStructuredResultV2): boolean {
  const { body = "", isBase64Encoded } = result;
  if (isBase64Encoded || body.length < resultCharactersMax / 6) return body.length <= resultCharactersMax;
  return Buffer.byteLength(JSON.stringify(body)) <= resultCharactersMax;
}
