import type { Call } from "../../base/call.ts";
import type { Stamp } from "../../base/ids.ts";
import type { PartitionRef } from "../log-context.ts";

/** Something stored that is old by the stamp in its name, and goes unless somebody refers to it. */
export interface Candidate {
  /** As references name it. */
  readonly name: string;
  readonly bytes: number;
  readonly stamp: Stamp;
  /** Every partition that may refer to it. */
  readonly owners: readonly PartitionRef[];
}

/** One kind of reference: where it is found, and which horizon ends the making of new ones. */
export interface Ledger {
  /** Which of the candidates the partition refers to, by consistent reads. */
  referred(ref: PartitionRef, candidates: readonly Candidate[], call: Call): Promise<ReadonlySet<string>>;
  /** True once no reference to anything that bears the stamp, or an older one, can be made any more. */
  raise(ref: PartitionRef, stamp: Stamp, call: Call): Promise<boolean>;
}
