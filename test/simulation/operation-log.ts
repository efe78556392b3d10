import type { LogService } from "../../lib/api/log-service.ts";
import { type Fetched, LATEST_TIMESTAMP, type ProducePart } from "../../lib/api/record-types.ts";
import { concatBytes } from "../../lib/base/bytes.ts";
import { isLogError } from "../../lib/base/errors.ts";
import { readBatchHeader } from "../../lib/records/batch-header.ts";
import { batchesOf } from "./clients/stored-batch.ts";
import type { History } from "./history.ts";

/** A batch in a fetch's answer: its name, its base offset, its count of records. */
type ReadBatch = readonly [string, number, number];

/**
 * One request for one partition as its broker saw it, from its arrival to its answer. `call` and `return` count
 * arrivals and answers of all requests; an outcome that is unknown may take effect at any later time.
 */
export interface Operation {
  readonly partition: string;
  readonly client: string;
  readonly kind: "append" | "fetch" | "end";
  readonly call: number;
  return: number | null;
  outcome: "ok" | "fail" | "unknown";
  /** Of an append. */
  readonly batch?: string;
  readonly records?: number;
  /** Of an append, its base offset once that is told (-1: told as appended before, nobody knows where); of a fetch, from where. */
  offset?: number;
  /** Of a fetch; absent when other partitions of the same answer may have used up its bytes. */
  read?: readonly ReadBatch[];
  /** High watermark, as a fetch or a look-up told it. */
  end?: number;
}

const NOBODYS = "nobody's";

/** Every request for records and ends, in a form in which somebody else's checker can judge it. */
export class OperationLog {
  readonly operations: Operation[] = [];
  readonly #history: History;
  #events = 0;

  constructor(history: History) {
    this.#history = history;
  }

  /** `service`, with what is asked of it written down. */
  recorded(service: LogService, client: string): LogService {
    return Object.assign(Object.create(service) as LogService, {
      produce: this.#produce(service, client),
      fetch: this.#fetch(service, client),
      listOffsets: this.#listOffsets(service, client),
    });
  }

  #produce(service: LogService, client: string): LogService["produce"] {
    return async (context, request) => {
      const begun = request.partitions.map((part) => this.#begin(client, "append", part, this.#appended(part)));
      try {
        const reply = await service.produce(context, request);
        for (const [at, part] of reply.partitions.entries()) {
          if (part.ok) this.#end(begun[at], { offset: part.baseOffset });
          else this.#fail(begun[at], part.error);
        }
        return reply;
      } catch (error) {
        for (const operation of begun) this.#fail(operation, error);
        throw error;
      }
    };
  }

  #fetch(service: LogService, client: string): LogService["fetch"] {
    return async (context, request) => {
      const begun = request.partitions.map((part) => this.#begin(client, "fetch", part, { offset: part.offset }));
      const reply = await service.fetch(context, request);
      for (const [at, part] of reply.partitions.entries()) {
        if (!part.ok) continue;
        // The answer's bytes may have been used up by its other partitions: then nothing is said of this one's.
        const crowdedOut = part.records.length === 0 && reply.partitions.length > 1;
        this.#end(begun[at], { ...(!crowdedOut && { read: this.#readOf(part) }), end: part.highWatermark });
      }
      return reply;
    };
  }

  #listOffsets(service: LogService, client: string): LogService["listOffsets"] {
    return async (context, request) => {
      const begun = request.partitions.map((part) => this.#begin(client, "end", part, {}));
      const reply = await service.listOffsets(context, request);
      for (const [at, part] of reply.partitions.entries()) {
        if (part.ok && request.partitions[at]?.timestamp === LATEST_TIMESTAMP)
          this.#end(begun[at], { end: part.offset });
      }
      return reply;
    };
  }

  #begin(
    client: string,
    kind: Operation["kind"],
    place: { readonly topic: string; readonly partition: number },
    asked: Partial<Operation>,
  ): Operation {
    const operation: Operation = {
      partition: `${place.topic}/${place.partition}`,
      client,
      kind,
      ...asked,
      call: ++this.#events,
      return: null,
      outcome: "unknown",
    };
    this.operations.push(operation);
    return operation;
  }

  #end(operation: Operation | undefined, told: Partial<Operation>): void {
    if (operation !== undefined) Object.assign(operation, told, { return: ++this.#events, outcome: "ok" });
  }

  #fail(operation: Operation | undefined, error: unknown): void {
    if (operation === undefined || !isLogError(error) || error.effect !== "none") return;
    Object.assign(operation, { return: ++this.#events, outcome: "fail" });
  }

  #appended({ records }: ProducePart): Partial<Operation> {
    return { batch: this.#history.find(records)?.name ?? NOBODYS, records: readBatchHeader(records).recordCount };
  }

  #readOf(fetched: Fetched): ReadBatch[] {
    return batchesOf(concatBytes(fetched.records)).map(({ baseOffset, bytes }) => {
      const batch = this.#history.find(bytes);
      return [batch?.name ?? NOBODYS, baseOffset, batch?.records ?? 1];
    });
  }
}
