import type { Call } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { add } from "../storage/item-change.ts";
import { producerIdsKey } from "../storage/item-keys.ts";
import type { LogContext } from "./log-context.ts";
import { repeatWhileRetriable } from "./repeat-while-retriable.ts";

/** Ids taken from the store at once: one update for so many producers of a broker. */
const BLOCK = 1000;

/** Gives out producer ids, each once. A block whose answer was lost is never used. */
export class ProducerIds {
  readonly #context: LogContext;
  readonly #refill = new SingleFlight<"refill", void>();
  #next = 0;
  #end = 0;

  constructor(context: LogContext) {
    this.#context = context;
  }

  async take(call: Call): Promise<number> {
    while (this.#next >= this.#end) await this.#refill.run("refill", () => this.#takeBlock(call));
    return this.#next++;
  }

  async #takeBlock(call: Call): Promise<void> {
    const update = () => this.#context.items.update(producerIdsKey, [add(["next"], BLOCK)], [], call);
    const outcome = await repeatWhileRetriable(update);
    const end = outcome.ok ? outcome.changed.next : undefined;
    if (typeof end !== "number") throw new LogError("CorruptItem", "the producer id block holds no number");
    this.#next = end - BLOCK;
    this.#end = end;
  }
}
