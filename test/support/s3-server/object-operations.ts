import { headerOf, type S3Answer, type S3Request } from "./answer.ts";
import { S3Error } from "./s3-error.ts";

export function putObject(request: S3Request): S3Answer {
  const { etag, crc32 } = request.bucket.put(request.key, request.body, headerOf(request, "if-none-match"));
  return { status: 200, headers: { etag, "x-amz-checksum-crc32": crc32 } };
}

/** The checksum goes with whole objects alone, and only when asked for. */
export function getObject(request: S3Request): S3Answer {
  const { body, etag, crc32 } = request.bucket.get(request.key);
  const range = headerOf(request, "range");
  if (range === undefined) {
    const checksum: Record<string, string> =
      headerOf(request, "x-amz-checksum-mode") === "ENABLED" ? { "x-amz-checksum-crc32": crc32 } : {};
    return { status: 200, headers: { etag, ...checksum }, body };
  }
  const { start, end } = rangeWithin(range, body.byteLength, "InvalidRange", 416);
  const last = Math.min(end, body.byteLength);
  return {
    status: 206,
    headers: { etag, "content-range": `bytes ${start}-${last - 1}/${body.byteLength}` },
    body: body.subarray(start, last),
  };
}

/** `bytes=first-last` with a start within the object. */
export function rangeWithin(text: string, bytes: number, code: string, status: number): { start: number; end: number } {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { start: Number(first), end: Number(last) + 1 };
  if (!(range.start < bytes && range.end > range.start)) {
    throw new S3Error(status, code, `${text} lies outside of ${bytes} bytes`);
  }
  return range;
}
