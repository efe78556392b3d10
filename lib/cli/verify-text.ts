import type { Damage } from "../local/verify-data.ts";

/** "orders 0: topics/…/0-9-….log bytes 100-200, offsets 3-4: the batch does not match its CRC". */
export function damageText({ topic, partition, file, bytes, offsets, what }: Damage): string {
  const where = topic === undefined ? "" : `${topic}${partition === undefined ? "" : ` ${partition}`}: `;
  const byteRange = bytes === undefined ? "" : ` bytes ${bytes.from}-${bytes.to}`;
  const offsetRange =
    offsets === undefined ? "" : `${bytes === undefined ? "" : ","} offsets ${offsets.from}-${offsets.to}`;
  return `${where}${file}${byteRange}${offsetRange}: ${what}`;
}
