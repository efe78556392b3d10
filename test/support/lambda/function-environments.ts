import { type EnvironmentOptions, LambdaEnvironment } from "./environment.ts";

export interface FunctionOptions extends EnvironmentOptions {
  /** Invocations beyond so many at a time are refused as Throttled, as Lambda does. No limit unless given. */
  readonly environmentsMax?: number;
}

/** Why an invocation has no result. */
export class InvocationError extends Error {
  readonly reason: "Throttled" | "Died" | "Failed" | "TooLarge";

  constructor(reason: InvocationError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface InvocationCounts {
  invocations: number;
  throttled: number;
  failed: number;
  killedIdle: number;
  /** Killed in the middle of an invocation. */
  killedBusy: number;
  frozen: number;
}

/** What a result may be, as Lambda refuses more. */
const RESULT_CHARACTERS_MAX = 6 * 1024 * 1024;

/** A stand-in for Lambda: environments of one function, as many as are wanted at a time. */
export class FunctionEnvironments {
  readonly #options: FunctionOptions;
  readonly #environments = new Set<LambdaEnvironment>();
  readonly #coldStartsMs: number[] = [];
  readonly counts: InvocationCounts = {
    invocations: 0,
    throttled: 0,
    failed: 0,
    killedIdle: 0,
    killedBusy: 0,
    frozen: 0,
  };

  constructor(options: FunctionOptions) {
    this.#options = options;
  }

  /** From the start of each environment's process to its first answer, ms. */
  get coldStartsMs(): readonly number[] {
    return this.#coldStartsMs;
  }

  /** By an idle environment, or by a new one: none ever answers two invocations at a time. */
  async invoke(event: unknown): Promise<unknown> {
    const environment = this.#idle() ?? this.#start();
    const isFirst = environment.coldStartMs === undefined;
    const outcome = await environment.invoke(event, `invocation-${++this.counts.invocations}`);
    if (isFirst && environment.coldStartMs !== undefined) this.#coldStartsMs.push(environment.coldStartMs);
    if (outcome.kind === "result") {
      if (outcome.json.length <= RESULT_CHARACTERS_MAX) return JSON.parse(outcome.json) as unknown;
      throw new InvocationError("TooLarge", `the result has ${outcome.json.length} characters`);
    }
    if (outcome.kind === "failed") {
      this.counts.failed++;
      throw new InvocationError("Failed", outcome.message);
    }
    this.#environments.delete(environment);
    throw new InvocationError("Died", "the environment ended before it answered");
  }

  /** Kills an environment between two invocations, or in the middle of one. Answers whether there was any. */
  kill(which: "idle" | "busy"): boolean {
    const environment = this.#any(which === "busy");
    if (environment === undefined) return false;
    this.counts[which === "busy" ? "killedBusy" : "killedIdle"]++;
    this.#environments.delete(environment);
    void environment.kill();
    return true;
  }

  /** Freezes an environment in the middle of an invocation. Answers whether there was any. */
  freeze(ms: number): boolean {
    const environment = this.#any(true);
    if (environment === undefined || !environment.freeze(ms)) return false;
    this.counts.frozen++;
    return true;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#environments].map((environment) => environment.kill()));
    this.#environments.clear();
  }

  #start(): LambdaEnvironment {
    if (this.#environments.size >= (this.#options.environmentsMax ?? Number.POSITIVE_INFINITY)) {
      this.counts.throttled++;
      throw new InvocationError("Throttled", "no environment is free");
    }
    const environment = new LambdaEnvironment(this.#options);
    this.#environments.add(environment);
    return environment;
  }

  #idle(): LambdaEnvironment | undefined {
    return [...this.#environments].find((environment) => environment.alive && !environment.busy);
  }

  #any(busy: boolean): LambdaEnvironment | undefined {
    const such = [...this.#environments].filter((each) => each.alive && each.busy === busy);
    return such[Math.floor(Math.random() * such.length)];
  }
}
