import { type StagedObjectName, stagedObjectKey } from "../../storage/object-keys.ts";

/** Names of immutable bytes in the cache. */
export function stagedItemName(name: string): string {
  return `item:${name}`;
}

export function stagedObjectRangeName(object: StagedObjectName, position: number): string {
  return `${stagedObjectKey(object)}@${position}`;
}

export function blockName(objectKey: string, block: number): string {
  return `${objectKey}#${block}`;
}
