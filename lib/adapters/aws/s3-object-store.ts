import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { byteLengthOf, EMPTY_BYTES } from "../../base/bytes.ts";
import type { Call } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import {
  checkCompose,
  checkDelete,
  checkList,
  checkObjectKey,
  checkRange,
  checkReadUrl,
  objectsPerRequestMax,
} from "../../storage/check-object-request.ts";
import type {
  ByteRange,
  ComposePart,
  ObjectCapabilities,
  ObjectPage,
  ObjectStore,
  PutOutcome,
} from "../../storage/object-store.ts";
import { isAwsError, logErrorOf } from "./aws-error.ts";
import type { AwsOperation } from "./aws-operation.ts";
import { readBody } from "./read-body.ts";
import { s3BodyOf } from "./s3-body.ts";
import { composeObject, type UploadTarget, uploadInParts } from "./s3-upload.ts";
import { withinCall } from "./within-call.ts";

const MIB = 1024 * 1024;
/** S3's limit of a part that is not the last. */
const COMPOSED_PART_BYTES_MIN = 5 * MIB;
const UPLOAD_IN_PARTS_ABOVE_BYTES = 64 * MIB;

export interface S3ObjectStoreOptions {
  /** From `createS3Client`: it must not retry by itself. */
  readonly client: S3Client;
  readonly bucket: string;
  readonly clock: Clock;
  /** A body above this is put in several requests. */
  readonly uploadInPartsAboveBytes?: number;
}

/** Objects in a bucket of S3, or of anything that speaks its protocol with conditional writes. */
export class S3ObjectStore implements ObjectStore {
  readonly capabilities: ObjectCapabilities = {
    compose: { partBytesMin: COMPOSED_PART_BYTES_MIN },
    readUrl: true,
  };
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #clock: Clock;
  readonly #inPartsAboveBytes: number;

  constructor(options: S3ObjectStoreOptions) {
    this.#client = options.client;
    this.#bucket = options.bucket;
    this.#clock = options.clock;
    this.#inPartsAboveBytes = options.uploadInPartsAboveBytes ?? UPLOAD_IN_PARTS_ABOVE_BYTES;
  }

  async put(
    key: string,
    parts: readonly Uint8Array[],
    call: Call,
    options: { ifAbsent?: boolean } = {},
  ): Promise<PutOutcome> {
    checkObjectKey(key);
    const operation = this.#operation(`put of ${key}`, "s3:PutObject");
    return withinCall(this.#clock, call, operation, async (signal) => {
      try {
        if (byteLengthOf(parts) > this.#inPartsAboveBytes) {
          await uploadInParts(this.#target(key, operation, signal), parts, options);
        } else {
          const condition = options.ifAbsent ? { IfNoneMatch: "*" } : {};
          const input = { Bucket: this.#bucket, Key: key, ...s3BodyOf(parts), ...condition };
          await this.#client.send(new PutObjectCommand(input), { abortSignal: signal });
        }
        return "stored";
      } catch (error) {
        if (options.ifAbsent && isAwsError(error, "PreconditionFailed")) return "exists";
        throw error;
      }
    });
  }

  async get(key: string, call: Call, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkObjectKey(key);
    checkRange(range);
    // Without the right to list, S3 answers "forbidden" for an object that is not there.
    const operation = this.#operation(`get of ${key}`, "s3:GetObject", "s3:ListBucket");
    return withinCall(this.#clock, call, operation, async (signal) => {
      const Range = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` };
      try {
        const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...Range });
        const answer = await this.#client.send(command, { abortSignal: signal });
        return await readBody(answer.Body, answer.ContentLength, signal, operation);
      } catch (error) {
        if (isAwsError(error, "NoSuchKey")) return undefined;
        if (isAwsError(error, "InvalidRange")) return EMPTY_BYTES;
        throw error;
      }
    });
  }

  async list(prefix: string, call: Call, options: { startAfter?: string; limit?: number } = {}): Promise<ObjectPage> {
    const limit = options.limit ?? objectsPerRequestMax;
    checkList(prefix, limit);
    const operation = this.#operation(`list of ${prefix}`, "s3:ListBucket");
    return withinCall(this.#clock, call, operation, async (signal) => {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        MaxKeys: limit,
        ...(options.startAfter === undefined ? {} : { StartAfter: options.startAfter }),
      });
      const { Contents = [], IsTruncated = false } = await this.#client.send(command, { abortSignal: signal });
      return { objects: Contents.map(({ Key = "", Size = 0 }) => ({ key: Key, bytes: Size })), more: IsTruncated };
    });
  }

  async delete(keys: readonly string[], call: Call): Promise<{ readonly failed: readonly string[] }> {
    checkDelete(keys);
    if (keys.length === 0) return { failed: [] };
    const operation = this.#operation(`delete of ${keys.length} objects`, "s3:DeleteObject");
    return withinCall(this.#clock, call, operation, async (signal) => {
      const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
      const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete });
      const { Errors = [] } = await this.#client.send(command, { abortSignal: signal });
      const [first] = Errors;
      // A missing right fails every key: told as what it is, not as keys to try again.
      if (first?.Code === "AccessDenied" && Errors.length === keys.length) {
        throw logErrorOf({ name: first.Code, message: first.Message }, operation);
      }
      return { failed: Errors.map(({ Key = "" }) => Key) };
    });
  }

  async compose(key: string, parts: readonly ComposePart[], call: Call): Promise<void> {
    checkCompose(key, parts, COMPOSED_PART_BYTES_MIN);
    const operation = this.#operation(`compose of ${key}`, "s3:PutObject", "s3:GetObject");
    await withinCall(this.#clock, call, operation, (signal) =>
      composeObject(this.#target(key, operation, signal), parts),
    );
  }

  async readUrl(key: string, call: Call, options: { readonly expiresMs: number }): Promise<string> {
    checkReadUrl(key, options.expiresMs);
    const operation = this.#operation(`address of ${key}`, "s3:GetObject");
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return withinCall(this.#clock, call, operation, () =>
      getSignedUrl(this.#client, command, { expiresIn: Math.floor(options.expiresMs / 1000) }),
    );
  }

  #target(key: string, operation: AwsOperation, signal: AbortSignal): UploadTarget {
    return { client: this.#client, bucket: this.#bucket, key, operation, signal };
  }

  #operation(what: string, ...actions: readonly string[]): AwsOperation {
    return { what, actions, resource: `bucket ${this.#bucket}` };
  }
}
