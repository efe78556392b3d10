import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { textOf, utf8 } from "../../../lib/base/bytes.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { CommandError } from "../../../lib/cli/command-error.ts";
import { type LineProducer, LinePublisher } from "../../../lib/cli/line-publisher.ts";
import { lineToRecord } from "../../../lib/cli/line-record.ts";
import { publishSource } from "../../../lib/cli/publish-source.ts";

const MIB = 1024 * 1024;

type Published = Parameters<LineProducer["publish"]>[1];

/** A producer that gathers what it is given; a call ends as `answer` says. */
class GatheringProducer implements LineProducer {
  readonly calls: Published[] = [];
  readonly #answer: (records: Published) => Promise<unknown>;

  constructor(answer: (records: Published) => Promise<unknown> = async () => []) {
    this.#answer = answer;
  }

  get values(): string[] {
    return this.calls.flat().map(({ value }) => textOf(value));
  }

  publish(_topic: string, records: Published): Promise<unknown> {
    // As the producer does: what was given may be reused at once.
    this.calls.push(records.map((record) => ({ ...record, value: record.value.slice() })));
    return this.#answer(records);
  }
}

function publishing(producer: LineProducer, chunks: Iterable<Uint8Array> | Readable, keySeparator?: string) {
  const failed = new AbortController();
  const publisher: LinePublisher = new LinePublisher({
    producer,
    topic: "orders",
    toRecord: lineToRecord({ keySeparator }),
    onProgress: () => {
      if (publisher.failure !== undefined) failed.abort();
    },
  });
  const stream = chunks instanceof Readable ? chunks : Readable.from(chunks, { objectMode: true });
  const source = { stream, totalBytes: undefined, isTerminal: false };
  const options = { source, publisher, topic: "orders", lineBytesMax: MIB, stopped: failed.signal, keySeparator };
  return { publisher, stop: () => failed.abort(), ended: publishSource(options) };
}

async function refusalOf(ended: Promise<void>): Promise<string> {
  const error: unknown = await ended.catch((thrown: unknown) => thrown);
  if (error instanceof CommandError) return error.message;
  throw new Error(`expected a command error, got ${String(error)}`);
}

describe("publishing a source of lines", () => {
  test("sends all lines in order, a list per chunk", async () => {
    const producer = new GatheringProducer();
    const { publisher, ended } = publishing(producer, [utf8("a\nb\nc"), utf8("d\n\n"), utf8("e")]);
    await ended;
    expect(producer.values).toEqual(["a", "b", "cd", "", "e"]);
    expect(producer.calls).toHaveLength(3);
    expect(publisher.published).toEqual({ records: 5, bytes: 5 });
  });

  test("ends before the line without a separator, and tells what stands", async () => {
    const producer = new GatheringProducer();
    const { ended } = publishing(producer, [utf8("k:a\nk:b\nnone\nk:c\n"), utf8("k:d\n")], ":");
    const refusal = 'line 3: there is no separator ":" in it; correct it, or give another --key-separator; ';
    expect(await refusalOf(ended)).toBe(`${refusal}2 records are published, no more`);
    expect(producer.values).toEqual(["a", "b"]);
  });

  test("counts lines over chunks, also for the last one without its LF", async () => {
    const { ended } = publishing(new GatheringProducer(), [utf8("k:a\nk:"), utf8("b\nk:c\nno"), utf8("ne")], ":");
    expect(await refusalOf(ended)).toMatch(/^line 4: .*; 3 records are published, no more$/);
  });

  test("ends before a line that is longer than the topic takes, and says how to let it take more", async () => {
    const producer = new GatheringProducer();
    const { ended } = publishing(producer, [utf8("a\n"), new Uint8Array(MIB), new Uint8Array(MIB), utf8("\nb\n")]);
    const refusal = await refusalOf(ended);
    expect(refusal).toMatch(/^line 2: it is longer than the 1048576 bytes .* tidelog topics alter orders /);
    expect(refusal).toMatch(/1 record is published, no more$/);
    expect(producer.values).toEqual(["a"]);
  });

  test("names the line that the server refused, and counts what was stored beside it", async () => {
    const tooLarge = new LogError("RecordTooLarge", "too large", { details: { topic: "orders" } });
    const stored = { topic: "orders", partition: 0, offset: 0, timestamp: 0 };
    const lost = new LogError("OutcomeUnknown", "lost", { effect: "unknown" });
    const producer = new GatheringProducer(async (records) => {
      if (records.length < 4) return [];
      throw new LogError("RecordTooLarge", "2 of 4", { details: { outcomes: [stored, tooLarge, stored, lost] } });
    });
    const { ended } = publishing(producer, [utf8("a\n"), utf8("b\nc\nd\ne\n")]);
    const refusal = await refusalOf(ended);
    expect(refusal).toMatch(/^line 3: too large; let the topic take more: /);
    expect(refusal).toMatch(/3 records are published, and it is not known whether 1 more record is$/);
  });

  test("stops reading at a failure, though the source goes on for ever", async () => {
    const refused = new LogError("TopicAuthorizationFailed", "not yours");
    const producer = new GatheringProducer(async () => {
      throw refused;
    });
    function* endless(): Generator<Uint8Array> {
      while (true) yield utf8("a\n");
    }
    expect(await refusalOf(publishing(producer, endless()).ended)).toMatch(/^line 1: not yours/);
  });

  test("reads no further while too much waits for its answer", async () => {
    const answers: (() => void)[] = [];
    const producer = new GatheringProducer(() => new Promise<void>((resolve) => answers.push(resolve)));
    let read = 0;
    function* chunks(): Generator<Uint8Array> {
      for (; read < 100; read++) yield new Uint8Array(MIB).fill(10, -1);
    }
    const { publisher, ended } = publishing(producer, chunks());
    let finished = false;
    void ended.then(() => {
      finished = true;
    });
    let most = 0;
    while (!finished) {
      // Everything that can be read without an answer is read within one turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, answers.length);
      answers.shift()?.();
    }
    expect(publisher.published.records).toBe(100);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThan(20);
  });

  test("publishes whole lines that were read before a stop, and not the one that it cut off", async () => {
    const producer = new GatheringProducer();
    const typed = new Readable({ read: () => undefined });
    const { ended, stop } = publishing(producer, typed);
    typed.push(utf8("a\nb\nhal"));
    while (producer.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop();
    await ended;
    expect(producer.values).toEqual(["a", "b"]);
  });
});
