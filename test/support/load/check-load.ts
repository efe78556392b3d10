import type { SentRecord } from "./numbered-producer.ts";
import { partsOfId } from "./numbered-record.ts";

/**
 * Every acknowledged record stands once, where it was acknowledged; what was refused stands nowhere, what is unknown
 * at most once; each producer's records of a partition stand in its order. `read`: names by partition and offset.
 */
export function checkLoad(sent: readonly SentRecord[], read: readonly (readonly string[])[]): void {
  const places = placesOf(read);
  const known = new Set(sent.map(({ id }) => id));
  for (const [id, { partition, offset }] of places) {
    if (!known.has(id)) throw new Error(`${id}, at ${partition}/${offset}, was never sent`);
  }
  for (const { id, partition, outcome, offset, error } of sent) {
    const place = places.get(id);
    if (outcome === "acknowledged") {
      if (place === undefined) throw new Error(`${id} was acknowledged at ${partition}/${offset} and is lost`);
      if (place.partition !== partition || (offset >= 0 && place.offset !== offset)) {
        const there = `${place.partition}/${place.offset}`;
        throw new Error(`${id} was acknowledged at ${partition}/${offset} and stands at ${there}`);
      }
    }
    if (outcome === "refused" && place !== undefined) throw new Error(`${id} was refused (${error}) and is there`);
  }
}

/** Where each record stands. Fails for one that stands twice, or before an earlier one of its producer. */
function placesOf(read: readonly (readonly string[])[]): Map<string, { partition: number; offset: number }> {
  const places = new Map<string, { partition: number; offset: number }>();
  for (const [partition, ids] of read.entries()) {
    const newest = new Map<string, number>();
    for (const [offset, id] of ids.entries()) {
      const first = places.get(id);
      if (first !== undefined) {
        throw new Error(`${id} stands at ${first.partition}/${first.offset} and again at ${partition}/${offset}`);
      }
      places.set(id, { partition, offset });
      const { producer, number } = partsOfId(id);
      const before = newest.get(producer) ?? -1;
      if (number < before) throw new Error(`${id}, at ${partition}/${offset}, comes after number ${before}`);
      newest.set(producer, number);
    }
  }
  return places;
}

/** All have read the same: one offset names one record, whoever reads it and whenever. */
export function checkSame(readers: readonly (readonly (readonly string[])[])[]): void {
  const [first = [], ...others] = readers;
  for (const other of others) {
    for (const [partition, ids] of first.entries()) {
      const offset = ids.findIndex((id, at) => other[partition]?.[at] !== id);
      if (offset < 0) continue;
      const both = `${ids[offset]} and ${other[partition]?.[offset]}`;
      throw new Error(`partition ${partition}, offset ${offset}: two readers read ${both}`);
    }
  }
}
