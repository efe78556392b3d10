import { createHash } from "node:crypto";
import { crc32Of } from "./request-body.ts";
import { S3Error } from "./s3-error.ts";

export interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly crc32: string;
}

export interface Upload {
  readonly key: string;
  readonly parts: Map<number, StoredObject>;
}

/** A part that is not the last. */
const PART_BYTES_MIN = 5 * 1024 * 1024;

/** Objects and unfinished uploads in memory. Every change happens between two events: checks and effects are one. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();
  #uploadCount = 0;

  put(key: string, body: Buffer, ifNoneMatch: string | undefined): StoredObject {
    if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
      throw new S3Error(501, "NotImplemented", "If-None-Match takes * and nothing else");
    }
    if (ifNoneMatch === "*" && this.objects.has(key)) {
      throw new S3Error(412, "PreconditionFailed", "the object exists");
    }
    const stored = storedObject(body);
    this.objects.set(key, stored);
    return stored;
  }

  get(key: string): StoredObject {
    const found = this.objects.get(key);
    if (found === undefined) throw new S3Error(404, "NoSuchKey", "there is no such object");
    return found;
  }

  beginUpload(key: string): string {
    const id = `upload-${++this.#uploadCount}`;
    this.#uploads.set(id, { key, parts: new Map() });
    return id;
  }

  upload(id: string, key: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload?.key !== key) throw new S3Error(404, "NoSuchUpload", "there is no such upload");
    return upload;
  }

  putPart(id: string, key: string, number: number, body: Buffer): StoredObject {
    const part = storedObject(body);
    this.upload(id, key).parts.set(number, part);
    return part;
  }

  completeUpload(
    id: string,
    key: string,
    wanted: readonly { number: number; etag: string }[],
    ifNoneMatch: string | undefined,
  ): StoredObject {
    const { parts } = this.upload(id, key);
    const bodies = wanted.map(({ number, etag }, at) => {
      const part = parts.get(number);
      if (part?.etag !== etag) throw new S3Error(400, "InvalidPart", `part ${number} is not what came`);
      if (at < wanted.length - 1 && part.body.byteLength < PART_BYTES_MIN) {
        throw new S3Error(400, "EntityTooSmall", `part ${number} is below ${PART_BYTES_MIN} bytes`);
      }
      return part.body;
    });
    const stored = this.put(key, Buffer.concat(bodies), ifNoneMatch);
    this.#uploads.delete(id);
    return stored;
  }

  abortUpload(id: string, key: string): void {
    this.upload(id, key);
    this.#uploads.delete(id);
  }

  get unfinishedUploads(): number {
    return this.#uploads.size;
  }
}

function storedObject(body: Buffer): StoredObject {
  return { body, etag: `"${createHash("md5").update(body).digest("hex")}"`, crc32: crc32Of(body) };
}
