import { LogError } from "../../base/errors.ts";
import type { ByteRange } from "../../storage/object-store.ts";

/** Objects known to be damaged, by their keys. */
export type DamagedNames = Pick<Set<string>, "has"> & { add(objectKey: string): unknown };

/** An input whose bytes are not those that its index item describes. It is left as it is, for people to look at. */
export class DamagedSegmentError extends LogError {
  readonly objectKey: string;
  readonly range: ByteRange;

  constructor(objectKey: string, range: ByteRange, cause?: unknown) {
    super("CorruptObject", `segment ${objectKey} is missing or damaged in bytes ${range.start} to ${range.end}`, {
      details: { objectKey, ...range },
      cause,
    });
    this.objectKey = objectKey;
    this.range = range;
  }
}
