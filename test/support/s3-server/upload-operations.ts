import { headerOf, type S3Answer, type S3Request, xmlAnswer } from "./answer.ts";
import { rangeWithin } from "./object-operations.ts";
import { S3Error } from "./s3-error.ts";
import { elementsIn, textIn } from "./xml.ts";

export function createUpload({ bucket, key }: S3Request): S3Answer {
  return xmlAnswer([
    "InitiateMultipartUploadResult",
    [
      ["Key", key],
      ["UploadId", bucket.beginUpload(key)],
    ] as const,
  ]);
}

export function uploadPart(request: S3Request): S3Answer {
  const { bucket, key } = request;
  const source = headerOf(request, "x-amz-copy-source");
  const body = source === undefined ? request.body : copiedBytes(request, source);
  const part = bucket.putPart(uploadIdOf(request), key, Number(request.query.get("partNumber")), body);
  if (source === undefined) {
    return { status: 200, headers: { etag: part.etag, "x-amz-checksum-crc32": part.crc32 } };
  }
  return xmlAnswer([
    "CopyPartResult",
    [
      ["ETag", part.etag],
      ["ChecksumCRC32", part.crc32],
    ] as const,
  ]);
}

export function completeUpload(request: S3Request): S3Answer {
  const { bucket, key, body } = request;
  const wanted = elementsIn(body.toString(), "Part").map((part) => ({
    number: Number(textIn(part, "PartNumber")),
    etag: textIn(part, "ETag"),
  }));
  const stored = bucket.completeUpload(uploadIdOf(request), key, wanted, headerOf(request, "if-none-match"));
  return xmlAnswer([
    "CompleteMultipartUploadResult",
    [
      ["Key", key],
      ["ETag", stored.etag],
    ] as const,
  ]);
}

export function abortUpload(request: S3Request): S3Answer {
  request.bucket.abortUpload(uploadIdOf(request), request.key);
  return { status: 204 };
}

function uploadIdOf({ query }: S3Request): string {
  return query.get("uploadId") ?? "";
}

/** From the same bucket. A range must lie within the source wholly, which a read's need not. */
function copiedBytes(request: S3Request, source: string): Buffer {
  const key = decodeURIComponent(source).replace(/^\/?[^/]+\//, "");
  const { body } = request.bucket.get(key);
  const range = headerOf(request, "x-amz-copy-source-range");
  if (range === undefined) return body;
  const { start, end } = rangeWithin(range, body.byteLength, "InvalidArgument", 400);
  if (end > body.byteLength) throw new S3Error(400, "InvalidArgument", `${range} lies outside of ${key}`);
  return body.subarray(start, end);
}
