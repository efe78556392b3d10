import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";
import { S3Error } from "./s3-error.ts";

/** CRC-32 as S3 writes it: base64 of four big-endian bytes. */
export function crc32Of(bytes: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum.toString("base64");
}

/** A request's body with its framing taken off, refused when it is not what its length or checksum says. */
export async function readRequestBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const { headers } = request;
  const framed = String(headers["x-amz-content-sha256"] ?? "").startsWith("STREAMING-");
  const { body, trailers } = framed ? decodeAwsChunked(raw) : { body: raw, trailers: new Map<string, string>() };
  const announced = headers["x-amz-decoded-content-length"];
  if (framed && Number(announced) !== body.byteLength) {
    throw new S3Error(400, "IncompleteBody", `${body.byteLength} bytes came of ${announced}`);
  }
  const checksum = headers["x-amz-checksum-crc32"] ?? trailers.get("x-amz-checksum-crc32");
  if (checksum !== undefined && checksum !== crc32Of(body)) {
    throw new S3Error(400, "BadDigest", "the CRC32 that you gave does not match what came");
  }
  if (checksum === undefined && headers["x-amz-trailer"] !== undefined) {
    throw new S3Error(400, "MalformedTrailerError", `the trailer ${headers["x-amz-trailer"]} did not come`);
  }
  return body;
}

/**
 * Takes off the framing of `Content-Encoding: aws-chunked` (S3 user guide, "Signature calculations for trailing
 * headers"): `size-hex[;chunk-signature=…]\r\n data \r\n`, a chunk of size 0, then trailing headers.
 */
export function decodeAwsChunked(raw: Buffer): { body: Buffer; trailers: Map<string, string> } {
  const pieces: Buffer[] = [];
  let at = 0;
  const line = (): string => {
    const end = raw.indexOf("\r\n", at);
    if (end === -1) throw new S3Error(400, "IncompleteBody", "the body ends within its framing");
    const text = raw.toString("latin1", at, end);
    at = end + 2;
    return text;
  };
  for (;;) {
    const size = Number.parseInt(line(), 16);
    if (!(size >= 0) || at + size > raw.byteLength) throw new S3Error(400, "IncompleteBody", "not a chunk's size");
    if (size === 0) break;
    pieces.push(raw.subarray(at, at + size));
    at += size;
    line();
  }
  const trailers = new Map<string, string>();
  while (at < raw.byteLength) {
    const [name = "", value = ""] = line().split(/:(.*)/s);
    if (name !== "") trailers.set(name.trim().toLowerCase(), value.trim());
  }
  return { body: Buffer.concat(pieces), trailers };
}
