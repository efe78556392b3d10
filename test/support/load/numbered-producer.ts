import { setTimeout as sleep } from "node:timers/promises";
import { isLogError } from "../../../lib/base/errors.ts";
import { Tidelog } from "../../../lib/client/index.ts";
import { numberedValue, recordId } from "./numbered-record.ts";

export interface LoadOptions {
  readonly endpoint: string;
  readonly topic: string;
  readonly partitions: number;
}

export interface SentRecord {
  readonly id: string;
  readonly partition: number;
  /** What its producer was told by the end. */
  outcome: "acknowledged" | "refused" | "unknown";
  /** Where it was acknowledged; -1 when the log no longer knew. */
  offset: number;
  /** What was told in place of an acknowledgement. */
  error: string | undefined;
}

/** Publishes of one producer at a time that are not acknowledged. */
const WINDOW = 12;
const PAUSE_MS = 10;

/** A producer that sends numbered records, to the partitions in turn, and remembers what it was told of each. */
export class NumberedProducer {
  readonly #name: string;
  readonly #options: LoadOptions;
  readonly sent: SentRecord[] = [];
  inFlight = 0;

  constructor(name: string, options: LoadOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** Resolves when it was stopped and all that it sent is decided. */
  async sendUntil(stop: AbortSignal): Promise<void> {
    const { endpoint, topic, partitions } = this.#options;
    await using log = new Tidelog({ endpoint, clientId: this.#name });
    const producer = log.producer({ compression: "none" });
    const undecided: Promise<void>[] = [];
    for (let number = 0; !stop.aborted; number++) {
      const partition = number % partitions;
      const id = recordId(this.#name, number);
      const record: SentRecord = { id, partition, outcome: "unknown", offset: -1, error: undefined };
      this.sent.push(record);
      this.inFlight++;
      const value = numberedValue(this.#name, number);
      undecided.push(
        producer.publish(topic, { value, partition }).then(
          ({ offset }) => this.#decided(record, { outcome: "acknowledged", offset }),
          (error: unknown) => {
            const isRefused = isLogError(error) && error.effect === "none";
            this.#decided(record, { outcome: isRefused ? "refused" : "unknown", error: String(error) });
          },
        ),
      );
      do await sleep(PAUSE_MS);
      while (this.inFlight >= WINDOW && !stop.aborted);
    }
    await Promise.all(undecided);
  }

  #decided(record: SentRecord, told: Partial<SentRecord>): void {
    Object.assign(record, told);
    this.inFlight--;
  }
}
