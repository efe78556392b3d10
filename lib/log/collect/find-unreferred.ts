import type { Call } from "../../base/call.ts";
import { isLogError, messageOf } from "../../base/errors.ts";
import type { Stamp } from "../../base/ids.ts";
import { type LogContext, type PartitionRef, partitionName } from "../log-context.ts";
import type { Candidate, Ledger } from "./candidate.ts";
import { partitionFate } from "./partition-fate.ts";

export interface Judgement {
  /** Nobody refers to them, nor ever will. */
  readonly doomed: readonly Candidate[];
  /** Somebody refers to them. */
  readonly referred: number;
  /** Somebody may refer to them who could not be found. */
  readonly undecided: number;
}

const PARTITIONS_AT_ONCE = 16;

interface Claim {
  readonly ref: PartitionRef;
  readonly candidates: Candidate[];
}

/**
 * Which candidates are garbage. What is referred to now is left out first; for the rest every partition that they
 * name has its horizon raised, and only then the references that count are read: a broker that froze before its
 * commit finds the horizon when it wakes. A dry run stops before that, and tells what might go.
 */
export async function findUnreferred(
  context: LogContext,
  ledger: Ledger,
  candidates: readonly Candidate[],
  { dryRun }: { readonly dryRun: boolean },
  call: Call,
): Promise<Judgement> {
  const judge = new Judge(context, ledger, candidates, call);
  await judge.subtractReferred();
  if (!dryRun) {
    await judge.raiseHorizons();
    await judge.subtractReferred();
  }
  return judge.judgement();
}

class Judge {
  readonly #context: LogContext;
  readonly #ledger: Ledger;
  readonly #call: Call;
  readonly #left: Set<Candidate>;
  #referred = 0;
  #undecided = 0;

  constructor(context: LogContext, ledger: Ledger, candidates: readonly Candidate[], call: Call) {
    this.#context = context;
    this.#ledger = ledger;
    this.#call = call;
    this.#left = new Set(candidates);
  }

  subtractReferred(): Promise<void> {
    return this.#eachClaim(async (claim) => {
      try {
        await this.#subtractReferredBy(claim);
      } catch (error) {
        if (!isLogError(error, "CorruptItem", "StoreFormat")) throw error;
        // Nobody can tell what such a partition refers to; the others' garbage goes all the same.
        const details = { ...claim.ref, error: messageOf(error) };
        this.#context.runtime.logger.error(
          "what a partition may refer to is kept: an item of it is unreadable",
          details,
        );
        this.#leaveUndecided(claim.candidates);
      }
    });
  }

  async #subtractReferredBy({ ref, candidates }: Claim): Promise<void> {
    const fate = await partitionFate(this.#context, ref, this.#call);
    if (fate === "unknown") this.#leaveUndecided(candidates);
    if (fate !== "open") return;
    const referred = await this.#ledger.referred(ref, candidates, this.#call);
    for (const candidate of candidates) {
      if (referred.has(candidate.name) && this.#left.delete(candidate)) this.#referred++;
    }
  }

  raiseHorizons(): Promise<void> {
    return this.#eachClaim(async ({ ref, candidates }) => {
      const stamp = Math.max(...candidates.map((candidate) => candidate.stamp)) as Stamp;
      if (await this.#ledger.raise(ref, stamp, this.#call)) return;
      // No item whose horizon could be raised: only a tombstone ends the partition for good.
      const fate = await partitionFate(this.#context, ref, this.#call);
      if (fate !== "deleted") this.#leaveUndecided(candidates);
    });
  }

  judgement(): Judgement {
    return { doomed: [...this.#left], referred: this.#referred, undecided: this.#undecided };
  }

  #leaveUndecided(candidates: readonly Candidate[]): void {
    for (const candidate of candidates) if (this.#left.delete(candidate)) this.#undecided++;
  }

  async #eachClaim(work: (claim: Claim) => Promise<void>): Promise<void> {
    const claims = this.#claims();
    for (let first = 0; first < claims.length; first += PARTITIONS_AT_ONCE) {
      await Promise.all(claims.slice(first, first + PARTITIONS_AT_ONCE).map(work));
    }
  }

  /** What is left, by the partitions that it names. */
  #claims(): readonly Claim[] {
    const claims = new Map<string, Claim>();
    for (const candidate of this.#left) {
      for (const ref of candidate.owners) {
        const name = partitionName(ref);
        const claim = claims.get(name) ?? { ref, candidates: [] };
        claim.candidates.push(candidate);
        claims.set(name, claim);
      }
    }
    return [...claims.values()];
  }
}
