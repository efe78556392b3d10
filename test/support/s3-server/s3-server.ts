import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type S3Answer, type S3Request, xmlAnswer } from "./answer.ts";
import { Bucket } from "./bucket.ts";
import { deleteObjects, listObjects } from "./bucket-operations.ts";
import { getObject, putObject } from "./object-operations.ts";
import { readRequestBody } from "./request-body.ts";
import { S3Error } from "./s3-error.ts";
import { abortUpload, completeUpload, createUpload, uploadPart } from "./upload-operations.ts";

export interface S3Server {
  readonly url: string;
  /** Uploads in parts that were begun and neither completed nor aborted. */
  unfinishedUploads(): number;
  close(): Promise<void>;
}

/**
 * As much of S3 as Tidelog uses, in this process's memory, with addresses of the form /bucket/key. It takes any
 * signature for true, but demands that there is one.
 */
export async function startS3Server(): Promise<S3Server> {
  const buckets = new Map<string, Bucket>();
  const server = createServer((request, response) => void serve(buckets, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    unfinishedUploads: () => [...buckets.values()].reduce((count, bucket) => count + bucket.unfinishedUploads, 0),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function serve(buckets: Map<string, Bucket>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let answer: S3Answer;
  try {
    const url = new URL(request.url ?? "/", "http://localhost");
    checkSigned(request, url.searchParams);
    const body = await readRequestBody(request);
    answer = perform(buckets, request, url, body);
  } catch (error) {
    answer = errorAnswer(error);
  }
  const body = answer.body ?? "";
  const sent = request.method === "HEAD" ? "" : body;
  response.writeHead(answer.status, { "content-length": Buffer.byteLength(body), ...answer.headers });
  response.end(sent);
}

function perform(buckets: Map<string, Bucket>, request: IncomingMessage, url: URL, body: Buffer): S3Answer {
  const [, bucketName = "", ...rest] = url.pathname.split("/");
  const key = decodeURIComponent(rest.join("/"));
  const method = request.method ?? "GET";
  if (method === "PUT" && key === "") {
    buckets.set(bucketName, buckets.get(bucketName) ?? new Bucket());
    return { status: 200 };
  }
  const bucket = buckets.get(bucketName);
  if (bucket === undefined) throw new S3Error(404, "NoSuchBucket", "there is no such bucket");
  if (method === "DELETE" && key === "") {
    buckets.delete(bucketName);
    return { status: 204 };
  }
  return route({ method, bucket, key, query: url.searchParams, headers: request.headers, body });
}

function route(request: S3Request): S3Answer {
  const { method, key, query } = request;
  const upload = query.has("uploadId");
  if (key === "") {
    if (method === "GET") return listObjects(request);
    if (method === "POST" && query.has("delete")) return deleteObjects(request);
  } else if (method === "PUT") {
    return upload ? uploadPart(request) : putObject(request);
  } else if (method === "POST") {
    if (query.has("uploads")) return createUpload(request);
    if (upload) return completeUpload(request);
  } else if (method === "DELETE" && upload) {
    return abortUpload(request);
  } else if (method === "GET" || method === "HEAD") {
    return getObject(request);
  }
  throw new S3Error(501, "NotImplemented", `${method} is not known here`);
}

/** By header, or by an address that has not expired. */
function checkSigned(request: IncomingMessage, query: URLSearchParams): void {
  if (request.headers.authorization !== undefined) return;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "") ?? [];
  const signedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const expiresAtMs = signedAtMs + Number(query.get("X-Amz-Expires")) * 1000;
  if (!query.has("X-Amz-Signature") || !(Date.now() < expiresAtMs)) {
    throw new S3Error(403, "AccessDenied", "not signed, or expired");
  }
}

function errorAnswer(error: unknown): S3Answer {
  const known = error instanceof S3Error ? error : new S3Error(500, "InternalError", String(error));
  return xmlAnswer(
    [
      "Error",
      [
        ["Code", known.code],
        ["Message", known.message],
      ] as const,
    ],
    known.status,
  );
}
