import { AsyncLocalStorage } from "node:async_hooks";
import { intercepted } from "../../support/log/intercepted.ts";

/** Work that can be held up: while it is, whatever it asks of its stores waits, and what others ask does not. */
export class PausableWork {
  readonly #inside = new AsyncLocalStorage<true>();
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;
  readonly #underWay = new Set<Promise<unknown>>();

  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#inside.run(true, work);
  }

  watched<Port extends object>(port: Port): Port {
    return intercepted(port, async (_, proceed) => {
      if (this.#inside.getStore() === undefined) return proceed();
      await this.#gate;
      const operation = proceed();
      this.#underWay.add(operation);
      return operation.finally(() => this.#underWay.delete(operation));
    });
  }

  /** Resolves when nothing of it is under way any more. */
  async pause(): Promise<void> {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  resume(): void {
    this.#open();
  }
}
