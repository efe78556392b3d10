import zlib from "node:zlib";
import { unreachable } from "./assert.ts";
import { plainView } from "./bytes.ts";
import type { Codecs, Compression } from "./compression.ts";
import { damaged, tooLarge } from "./decompression-errors.ts";
import { compressLz4Frame, decompressLz4Frame } from "./lz4-frame.ts";
import { compressSnappy, decompressSnappy } from "./snappy-framing.ts";

/** gzip and zstd as `node:zlib` has them, either way. */
interface ZlibCodecs {
  gzip(bytes: Uint8Array): Promise<Uint8Array>;
  zstd(bytes: Uint8Array): Promise<Uint8Array>;
  gunzip(bytes: Uint8Array, options: OutputLimit): Promise<Uint8Array>;
  unzstd(bytes: Uint8Array, options: OutputLimit): Promise<Uint8Array>;
}

interface OutputLimit {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

/** What `node:zlib` allocates at a time. */
const CHUNK_BYTES_MIN = 16 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;

/**
 * gzip and zstd run on the thread pool, so that other requests go on; lz4 and snappy, many times faster, run
 * where they are called.
 */
export function threadedCodecs(): Codecs {
  return codecsOver({
    gzip: (bytes) => promised((done) => zlib.gzip(bytes, done)),
    zstd: (bytes) => promised((done) => zlib.zstdCompress(bytes, done)),
    gunzip: (bytes, options) => promised((done) => zlib.gunzip(bytes, options, done)),
    unzstd: (bytes, options) => promised((done) => zlib.zstdDecompress(bytes, options, done)),
  });
}

/** Everything on the calling thread, so that a simulation takes the same course each time. */
export function synchronousCodecs(): Codecs {
  return codecsOver({
    gzip: async (bytes) => zlib.gzipSync(bytes),
    zstd: async (bytes) => zlib.zstdCompressSync(bytes),
    gunzip: async (bytes, options) => zlib.gunzipSync(bytes, options),
    unzstd: async (bytes, options) => zlib.zstdDecompressSync(bytes, options),
  });
}

function codecsOver(native: ZlibCodecs): Codecs {
  return {
    async compress(codec, bytes) {
      switch (codec) {
        case "none":
          return bytes;
        case "gzip":
          return plainView(await native.gzip(bytes));
        case "snappy":
          return compressSnappy(bytes);
        case "lz4":
          return compressLz4Frame(bytes);
        case "zstd":
          return plainView(await native.zstd(bytes));
        default:
          return unreachable(codec);
      }
    },

    async decompress(codec, bytes, bytesMax) {
      switch (codec) {
        case "none":
          if (bytes.byteLength > bytesMax) throw tooLarge(codec, bytesMax);
          return bytes;
        case "gzip":
          return bounded(codec, bytes, bytesMax, native.gunzip);
        case "snappy":
          return decompressSnappy(bytes, bytesMax);
        case "lz4":
          return decompressLz4Frame(bytes, bytesMax);
        case "zstd":
          return bounded(codec, bytes, bytesMax, native.unzstd);
        default:
          return unreachable(codec);
      }
    },
  };
}

/** `node:zlib` stops as soon as the output passes its limit, and keeps no more than that until then. */
async function bounded(
  codec: Compression,
  bytes: Uint8Array,
  bytesMax: number,
  decompress: ZlibCodecs["gunzip"],
): Promise<Uint8Array> {
  const chunkSize = Math.min(Math.max(bytes.byteLength * 4, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
  let content: Uint8Array;
  try {
    // 0 is no limit that zlib takes: one byte more is found out below.
    content = await decompress(bytes, { maxOutputLength: Math.max(1, bytesMax), chunkSize });
  } catch (error) {
    if (isCode(error, "ERR_BUFFER_TOO_LARGE")) throw tooLarge(codec, bytesMax, error);
    throw damaged(codec, "does not decompress", error);
  }
  if (content.byteLength > bytesMax) throw tooLarge(codec, bytesMax);
  return plainView(content);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

type Done = (error: Error | null, result: Uint8Array) => void;

function promised(start: (done: Done) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)));
  });
}
