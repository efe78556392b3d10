import type { CommandContext } from "./command-context.ts";
import type { Tally } from "./figures.ts";
import { progressLine } from "./progress-line.ts";

const redrawMs = 100;

/** How much of a file of known size is published, on a terminal; silent otherwise. */
export class ProgressBar {
  readonly #context: Pick<CommandContext, "clock" | "notices">;
  readonly #totalBytes: number | undefined;
  readonly #startedMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(context: Pick<CommandContext, "clock" | "notices">, totalBytes: number | undefined) {
    this.#context = context;
    this.#totalBytes = totalBytes;
    this.#startedMs = context.clock.monotonicMs();
  }

  show({ records, bytes }: Tally): void {
    const { clock, notices } = this.#context;
    const nowMs = clock.monotonicMs();
    if (this.#totalBytes === undefined || !notices.isTerminal || nowMs - this.#drawnMs < redrawMs) return;
    this.#drawnMs = nowMs;
    // Each line's end belongs to the file.
    const doneBytes = Math.min(this.#totalBytes, bytes + records);
    const progress = { doneBytes, totalBytes: this.#totalBytes, elapsedMs: nowMs - this.#startedMs };
    notices.status(progressLine(progress, notices.columns));
  }

  end(): void {
    this.#context.notices.status("");
  }
}
