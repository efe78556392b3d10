import { isLogError, LogError } from "../../base/errors.ts";
import type { PublishedRecord, PublishOutcome } from "../record-input.ts";

/** One call of `publish`: gathers what becomes of its records, and settles once all of them are decided. */
export class Publication {
  readonly promise: Promise<PublishedRecord[]>;
  readonly #outcomes: PublishOutcome[];
  readonly #signal: AbortSignal | undefined;
  #undecided: number;
  #failures = 0;
  #appendedAny = false;
  #settled = false;
  #resolve!: (records: PublishedRecord[]) => void;
  #reject!: (error: unknown) => void;

  constructor(count: number, signal: AbortSignal | undefined) {
    this.#outcomes = new Array(count);
    this.#undecided = count;
    this.#signal = signal;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (count === 0) this.#finish();
    else if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Whether the caller has its answer, so that nothing more needs to be started for it. */
  get settled(): boolean {
    return this.#settled;
  }

  /** A record is part of a batch now: from here on an abort leaves open whether it is stored. */
  enqueued(): void {
    this.#appendedAny = true;
  }

  decide(index: number, outcome: PublishOutcome): void {
    this.#outcomes[index] = outcome;
    if (outcome instanceof LogError) this.#failures += 1;
    this.#undecided -= 1;
    if (this.#undecided === 0 && !this.#settled) this.#finish();
  }

  /** Fails the records from `from` on, none of which is part of a batch. */
  refuseFrom(from: number, error: LogError): void {
    for (let index = from; index < this.#outcomes.length; index++) this.decide(index, error);
  }

  readonly #onAbort = (): void => {
    this.#settled = true;
    const error = new LogError("Aborted", "publish: the caller gave up", {
      effect: this.#appendedAny ? "unknown" : "none",
      cause: this.#signal?.reason,
    });
    this.#reject(error);
  };

  #finish(): void {
    this.#settled = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    if (this.#failures === 0) this.#resolve(this.#outcomes as PublishedRecord[]);
    else this.#reject(failureOf(this.#outcomes));
  }
}

/** The error of a list: that of its first failed record; a retry of the whole is free only if nothing stands. */
function failureOf(outcomes: readonly PublishOutcome[]): LogError {
  const errors = outcomes.filter((outcome) => isLogError(outcome));
  const first = errors[0] as LogError;
  if (outcomes.length === 1) return first;
  const published = outcomes.length - errors.length;
  const uncertain = published > 0 || errors.some((error) => error.effect === "unknown");
  return new LogError(
    first.code,
    `${errors.length} of ${outcomes.length} records were not published: ${first.message}`,
    {
      effect: uncertain ? "unknown" : "none",
      details: { ...first.details, failed: errors.length, published, outcomes },
      cause: first,
      ...(first.retryAfterMs === undefined ? {} : { retryAfterMs: first.retryAfterMs }),
    },
  );
}
