import type { LogService, RequestContext } from "../../lib/api/log-service.ts";
import { ANONYMOUS } from "../../lib/api/log-service.ts";
import { LogError } from "../../lib/base/errors.ts";
import type { OperationLog } from "./operation-log.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { StoreWorld } from "./store-line.ts";

/** A broker as its clients find it: up, or still (or no longer) starting. */
export interface Endpoint {
  readonly process: SimulatedProcess;
  readonly service: LogService | undefined;
}

export interface Exchange<Answer> {
  readonly client: SimulatedProcess;
  readonly endpoint: Endpoint;
  readonly timeoutMs: number;
  /** For what may be handled twice with the same result: where the second copy goes when there is one. */
  readonly onTwice?: () => Endpoint;
  /** Mean ms by which the second copy comes later. */
  readonly twiceAfterMs?: number;
  invoke(service: LogService, context: RequestContext): Promise<Answer>;
}

/** Requests of clients to brokers: delayed, lost, delivered twice, cut off by crashes. */
export class Network {
  readonly #world: StoreWorld;
  readonly #operations: OperationLog | undefined;

  constructor(world: StoreWorld, operations?: OperationLog) {
    this.#world = world;
    this.#operations = operations;
  }

  call<Answer>(exchange: Exchange<Answer>): Promise<Answer> {
    const { scheduler, faults } = this.#world;
    return new Promise((resolve, reject) => {
      const timer = scheduler.after(exchange.timeoutMs, () =>
        exchange.client.deliver(() => reject(networkError("timed out", "unknown"))),
      );
      const answered = (pass: () => void): void => {
        if (faults.fires("answerLost")) return;
        scheduler.after(this.#wireMs(), () => {
          timer.cancel();
          exchange.client.deliver(pass);
        });
      };
      if (faults.fires("requestLost")) return;
      scheduler.after(this.#wireMs(), () => this.#arrive(exchange, answered, resolve, reject));
      if (exchange.onTwice === undefined || !faults.fires("requestTwice")) return;
      const copy = { ...exchange, endpoint: exchange.onTwice() };
      const ignored = (): void => {};
      scheduler.after(this.#world.random.around(exchange.twiceAfterMs ?? 100), () =>
        this.#arrive(copy, ignored, ignored, ignored),
      );
    });
  }

  #arrive<Answer>(
    exchange: Exchange<Answer>,
    answered: (pass: () => void) => void,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ): void {
    const { process, service } = exchange.endpoint;
    if (process.crashed || service === undefined) {
      answered(() => reject(networkError("connection refused", "none")));
      return;
    }
    const forget = process.onCrash(() => answered(() => reject(networkError("connection reset", "unknown"))));
    process.deliver(() => {
      const deadlineMs = process.runtime.clock.monotonicMs() + exchange.timeoutMs;
      const context = { deadlineMs, principal: ANONYMOUS, clientId: exchange.client.name };
      const alive = (pass: () => void): void => {
        if (process.crashed) return;
        forget();
        answered(pass);
      };
      const asked = this.#operations?.recorded(service, exchange.client.name) ?? service;
      exchange.invoke(asked, context).then(
        (answer) => alive(() => resolve(answer)),
        (error: unknown) => alive(() => reject(error)),
      );
    });
  }

  #wireMs(): number {
    return 0.2 + this.#world.random.fraction() * 2;
  }
}

function networkError(how: string, effect: "none" | "unknown"): LogError {
  return new LogError("NetworkException", how, { effect });
}
