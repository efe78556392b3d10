/** Kafka's compression codecs, by the number in a batch's attributes. */
export const COMPRESSION_CODES = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type Compression = keyof typeof COMPRESSION_CODES;

/**
 * Compresses and decompresses the records part of a batch, each codec in the framing that Kafka's Java client
 * uses (gzip; snappy in xerial blocks; lz4 frame; zstd frame).
 */
export interface Codecs {
  compress(codec: Compression, bytes: Uint8Array): Promise<Uint8Array>;
  /**
   * Never yields more than `bytesMax`: fails with `CorruptMessage` for damaged input and with `RecordTooLarge`
   * for input that would grow beyond it, before that memory is allocated.
   */
  decompress(codec: Compression, bytes: Uint8Array, bytesMax: number): Promise<Uint8Array>;
}
