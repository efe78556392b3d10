import type { LogSettings } from "../log-settings.ts";
import type { Staged } from "./stage.ts";

export type PlacementKind = Staged["kind"];
/** Where a group of so many bytes goes. */
export type Placement = (bytes: number) => PlacementKind;

/** What a staged item holds beside its batches, about: keys, topic id, names of attributes. */
const STAGED_ITEM_FRAME_BYTES = 128;
/** Items are paid for by this many bytes, when they are written and again when they are deleted. */
const PRICED_BYTES = 1024;

/**
 * The one policy, for the partitions of one flush by their bytes. The smaller, the closer to the head; a staged item
 * as long as it is cheaper than an object. All items together must be so, too, and none is worth its price when an
 * object is written anyway: one object takes any number of partitions.
 */
export function placementOf(
  { inlineBytesMax, stagedItemBytesMax }: LogSettings["placement"],
  bytesOfEach: readonly number[],
): Placement {
  let itemPrice = 0;
  let objects = 0;
  for (const bytes of bytesOfEach) {
    if (bytes > stagedItemBytesMax) objects++;
    else if (bytes > inlineBytesMax) itemPrice += stagedItemPrice(bytes);
  }
  const items = objects === 0 && itemPrice <= stagedItemPrice(stagedItemBytesMax);
  return (bytes) => {
    if (bytes <= inlineBytesMax) return "inline";
    return items && bytes <= stagedItemBytesMax ? "item" : "object";
  };
}

/** Of a staged item, in units of which the store bills whole ones. */
function stagedItemPrice(bytes: number): number {
  return Math.ceil((bytes + STAGED_ITEM_FRAME_BYTES) / PRICED_BYTES);
}
