/** Something stored that is not as it must be, and where. */
export interface Damage {
  /** The object's key, or "item <partition key> <sort key>". */
  readonly file: string;
  /** Bytes of the file, where that can be told. */
  readonly bytes?: { readonly from: number; readonly to: number };
  /** Offsets of the partition that are concerned, where that can be told. */
  readonly offsets?: { readonly from: number; readonly to: number };
  /** The topic's name and the partition, where there is one. */
  readonly topic?: string;
  readonly partition?: number;
  readonly what: string;
}

/** What one place came to: collected before it is told, since in a living log a second look may clear it. */
export type Findings = Omit<Damage, "topic" | "partition">[];

export function itemFile({ pk, sk }: { readonly pk: string; readonly sk: string }): string {
  return `item ${pk} ${sk}`;
}
