import type { IncomingHttpHeaders } from "node:http";
import type { Bucket } from "./bucket.ts";
import { type XmlNode, xmlDocument } from "./xml.ts";

/** A request to one bucket, or one object in it. */
export interface S3Request {
  readonly method: string;
  readonly bucket: Bucket;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

export function xmlAnswer(root: XmlNode, status = 200): S3Answer {
  return { status, headers: { "content-type": "application/xml" }, body: xmlDocument(root) };
}

export function headerOf(request: S3Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
