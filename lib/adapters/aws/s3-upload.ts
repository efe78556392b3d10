import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { LogError } from "../../base/errors.ts";
import type { ComposePart } from "../../storage/object-store.ts";
import { isAwsError, logErrorOf } from "./aws-error.ts";
import type { AwsOperation } from "./aws-operation.ts";
import { runsOf, s3BodyOf } from "./s3-body.ts";

/** Where an object is being put together out of several requests. */
export interface UploadTarget {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly operation: AwsOperation;
  readonly signal: AbortSignal;
}

const MIB = 1024 * 1024;
/** With S3's limit of 10,000 parts: objects to 80 GiB. */
const UPLOADED_PART_BYTES = 8 * MIB;
const PARTS_AT_ONCE = 4;

interface DonePart {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}

type SendPart = (number: number, uploadId: string) => Promise<DonePart>;

/** Puts a large body, each part with its checksum. The object appears whole, or not at all. */
export function uploadInParts(
  target: UploadTarget,
  parts: readonly Uint8Array[],
  options: { readonly ifAbsent?: boolean },
): Promise<void> {
  const runs = runsOf(parts, UPLOADED_PART_BYTES);
  const send: SendPart = async (number, uploadId) => {
    const where = { Bucket: target.bucket, Key: target.key, UploadId: uploadId, PartNumber: number };
    const body = s3BodyOf(runs[number - 1] ?? []);
    const sent = await target.client.send(new UploadPartCommand({ ...where, ...body }), {
      abortSignal: target.signal,
    });
    return { PartNumber: number, ETag: sent.ETag, ChecksumCRC32: body.ChecksumCRC32 };
  };
  return assemble(target, runs.length, send, options.ifAbsent ? { IfNoneMatch: "*" } : {});
}

/** Puts an object out of ranges that S3 copies by itself. */
export function composeObject(target: UploadTarget, parts: readonly ComposePart[]): Promise<void> {
  const send: SendPart = async (number, uploadId) => {
    const { key, range } = parts[number - 1] as ComposePart;
    const command = new UploadPartCopyCommand({
      Bucket: target.bucket,
      Key: target.key,
      UploadId: uploadId,
      PartNumber: number,
      CopySource: `${target.bucket}/${key}`,
      CopySourceRange: `bytes=${range.start}-${range.end - 1}`,
    });
    try {
      const { CopyPartResult } = await target.client.send(command, { abortSignal: target.signal });
      return { PartNumber: number, ETag: CopyPartResult?.ETag, ChecksumCRC32: CopyPartResult?.ChecksumCRC32 };
    } catch (error) {
      if (!isAwsError(error, "NoSuchKey", "InvalidRange", "InvalidArgument", "InvalidRequest")) throw error;
      const message = `${target.operation.what}: ${key} is missing, or shorter than ${range.end} bytes`;
      throw new LogError("CorruptObject", message, { cause: error });
    }
  };
  return assemble(target, parts.length, send, {});
}

/** Begins, sends all parts a few at a time, and completes. Until the last step nothing of it is an object. */
async function assemble(
  target: UploadTarget,
  count: number,
  send: SendPart,
  condition: { readonly IfNoneMatch?: string },
): Promise<void> {
  const { client, operation, signal } = target;
  const where = { Bucket: target.bucket, Key: target.key };
  const begin = new CreateMultipartUploadCommand({ ...where, ChecksumAlgorithm: "CRC32" });
  const { UploadId = "" } = await withoutEffect(operation, () => client.send(begin, { abortSignal: signal }));
  const upload = { ...where, UploadId };
  try {
    const Parts = await withoutEffect(operation, () => sendAll(count, (number) => send(number, UploadId)));
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...condition });
    await client.send(complete, { abortSignal: signal });
  } catch (error) {
    // Best effort: the bucket's rule for incomplete uploads removes what this does not.
    if (!signal.aborted) await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

async function sendAll(count: number, send: (number: number) => Promise<DonePart>): Promise<DonePart[]> {
  const done: DonePart[] = [];
  let next = 1;
  const worker = async (): Promise<void> => {
    while (next <= count) {
      const part = await send(next++);
      done.push(part);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, count) }, worker));
  return done.sort((a, b) => a.PartNumber - b.PartNumber);
}

/** What fails here, however it fails, leaves no object. */
async function withoutEffect<T>(operation: AwsOperation, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const { code, message, details, cause } = logErrorOf(error, operation);
    throw new LogError(code, message, { details, cause, effect: "none" });
  }
}
