import type { SeededRandom } from "./seeded-random.ts";

/** Every fault, what it does, and the probabilities (per opportunity) of which a seed draws one. */
const FAULTS = {
  /** The store answers slowly, but within most deadlines. */
  slow: [0.02, 0.1, 0.3],
  /** A write reaches the store only after its caller has given up on it: at that moment, or up to minutes later. */
  lateArrival: [0.02, 0.06, 0.15],
  /** A write waits on its way until another one to the same item comes, and arrives right before it or soon after. */
  heldBack: [0.08, 0.15, 0.3],
  /** Failed without effect, though the caller cannot know. */
  errorBefore: [0.005, 0.02, 0.08],
  /** It took effect, but the answer is an error. */
  errorAfter: [0.005, 0.02, 0.08],
  /** It took effect, but the answer never comes. */
  replyLost: [0.005, 0.02, 0.06],
  /** The same, of a write alone, and in any weather. */
  silence: [0.02, 0.06, 0.15],
  throttled: [0.01, 0.05, 0.15],
  /** Another transaction or conditional write was under way: nothing happened. */
  conflict: [0.01, 0.05, 0.2],
  /** A read that did not ask for consistency gets what stood some time ago. */
  staleRead: [0.2, 0.6, 1],
  /** A page of a query or list ends early. */
  partialPage: [0.2, 0.6],
  objectMissing: [0.02, 0.1],
  objectTruncated: [0.02, 0.1],
  objectFlipped: [0.02, 0.1],
  objectWrongRange: [0.05, 0.25],
  objectStalled: [0.02, 0.1],
  /** Some keys of a delete stay. */
  deleteFailed: [0.3, 0.8],
  /** A request to a broker gets lost, or its answer. */
  requestLost: [0.005, 0.02, 0.05],
  answerLost: [0.005, 0.02, 0.08],
  /** An idempotent request arrives twice, at any two brokers. */
  requestTwice: [0.02, 0.1],
  /** The process dies as it sends a write to a store, before or after it has left. */
  crashInOperation: [0.004, 0.01, 0.025],
  /** The process freezes as it sends a write, before or after it has left. */
  freezeInOperation: [0.015, 0.03, 0.06],
} as const;

/** Faults of whole processes: mean ms between two of them per broker. */
const INCIDENTS = {
  crash: [60_000, 25_000, 8_000],
  freeze: [40_000, 15_000],
  clockJump: [30_000, 10_000],
  /** Not of a process: no store has space for anything more, for a while. */
  storeFull: [20_000, 8_000],
} as const;

/** Whether stores fail a lot goes by spells: mean ms of those in which they do, and of those in which they do not. */
const WEATHERS = [
  { stormMs: 10_000, calmMs: 0 },
  { stormMs: 4000, calmMs: 8000 },
  { stormMs: 2000, calmMs: 20_000 },
] as const;

/** What happens in storms alone: it makes all work of many steps fail, and only what succeeds can do harm. */
const STORMY: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "errorBefore",
  "errorAfter",
  "replyLost",
  "throttled",
  "conflict",
  "objectMissing",
  "objectTruncated",
  "objectFlipped",
  "objectWrongRange",
  "objectStalled",
]);
/** What is drawn elsewhere, and counted here. */
const COUNTED = ["clockSkew", "memberCrash", "memberFreeze", "commitRepeated", "awsRetry", "otherBroker"] as const;

export type FaultKind = keyof typeof FAULTS;
export type IncidentKind = keyof typeof INCIDENTS;
export type FaultCounts = Partial<Record<FaultKind | IncidentKind | (typeof COUNTED)[number], number>>;

export const FAULT_KINDS = [...Object.keys(FAULTS), ...Object.keys(INCIDENTS), ...COUNTED] as (keyof FaultCounts)[];

/** Each kind is absent from a part of the seeds: a fault that always fires hides what its absence would show. */
const DRAWN = 0.7;
/** What makes writes meet others shows the most, and is absent less often. */
const DRAWN_OF_MEETINGS = 0.9;
const MEETINGS: ReadonlySet<FaultKind> = new Set<FaultKind>(["heldBack", "silence", "freezeInOperation"]);
const CALM_SEEDS = 0.04;

/** The faults of one run: which may fire and how often, drawn from its seed; and how often each really did. */
export class Faults {
  readonly counts: FaultCounts = {};
  readonly #random: SeededRandom;
  readonly #probabilities = new Map<FaultKind, number>();
  readonly #everyMs = new Map<IncidentKind, number>();
  readonly #without: ReadonlySet<string>;
  readonly #weather: (typeof WEATHERS)[number];
  #stormy: boolean = true;
  #calm: boolean = false;
  #on: boolean = true;
  #paused: boolean = false;

  /** Kinds in `without` are drawn, so that the rest of the run stays alike, but never happen. */
  constructor(random: SeededRandom, without: readonly string[] = []) {
    this.#random = random;
    this.#without = new Set(without);
    this.#weather = random.pick(WEATHERS);
    const drawn = random.chance(CALM_SEEDS) ? 0 : DRAWN;
    for (const kind in FAULTS) {
      const often = drawn > 0 && MEETINGS.has(kind as FaultKind) ? DRAWN_OF_MEETINGS : drawn;
      if (random.chance(often)) this.#probabilities.set(kind as FaultKind, random.pick(FAULTS[kind as FaultKind]));
    }
    for (const kind in INCIDENTS) {
      if (random.chance(drawn)) this.#everyMs.set(kind as IncidentKind, random.pick(INCIDENTS[kind as IncidentKind]));
    }
  }

  /** Whether the fault may fire in this run at all. */
  mayFire(kind: FaultKind): boolean {
    return this.#probabilities.has(kind) && !this.#without.has(kind);
  }

  /** Draws, and counts: what answers true must happen. */
  fires(kind: FaultKind): boolean {
    const probability = this.#on && !this.#paused ? this.#probabilities.get(kind) : undefined;
    if ((this.#calm || !this.#stormy) && STORMY.has(kind)) return false;
    if (probability === undefined || !this.#random.chance(probability)) return false;
    if (this.#without.has(kind)) return false;
    this.note(kind);
    return true;
  }

  /** ms until a broker's next incident; undefined when this run has none of the kind. */
  untilNext(kind: IncidentKind): number | undefined {
    const everyMs = this.#everyMs.get(kind);
    return everyMs === undefined || this.#without.has(kind) ? undefined : this.#random.around(everyMs);
  }

  /** The weather changes: ms until it does again. */
  changeWeather(): number {
    const { stormMs, calmMs } = this.#weather;
    this.#stormy = calmMs === 0 || !this.#stormy;
    return this.#random.around(this.#stormy ? stormMs : calmMs);
  }

  /** A calm in any weather, for a while. */
  calm(on: boolean): void {
    this.#calm = on;
  }

  note(kind: keyof FaultCounts): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  /** For a while nothing fires. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Nothing fires any more; what is under way (late requests) still arrives. */
  stop(): void {
    this.#on = false;
  }

  get stopped(): boolean {
    return !this.#on;
  }
}
