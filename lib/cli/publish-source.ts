import { CommandError } from "./command-error.ts";
import { explainError } from "./explain-error.ts";
import { countText } from "./figures.ts";
import type { LinePublisher } from "./line-publisher.ts";
import { chunksOf, type LineSource } from "./line-source.ts";
import { LineSplitter } from "./line-splitter.ts";

export interface PublishSourceOptions {
  readonly source: LineSource;
  readonly publisher: LinePublisher;
  readonly topic: string;
  readonly lineBytesMax: number;
  /** Ends the reading; what was read is still published. */
  readonly stopped: AbortSignal;
  readonly keySeparator: string | undefined;
}

/**
 * Publishes a source's lines until its end, a stop, or the first line that cannot be a record; resolves when all
 * that was taken is acknowledged, and otherwise fails with the line's number and what became of the others.
 */
export async function publishSource(options: PublishSourceOptions): Promise<void> {
  const { publisher } = options;
  let refusal: string | undefined;
  try {
    refusal = await publishLines(options);
  } finally {
    await publisher.settled();
  }
  const { failure } = publisher;
  if (failure !== undefined) {
    const { line, exitCode } = explainError(failure.error);
    refusal = `line ${failure.line}: ${line}`;
    if (exitCode === 2) refusal = `line ${failure.line}: ${failure.error.message}`;
  }
  if (refusal !== undefined) throw new CommandError(`${refusal}; ${fateText(publisher)}`);
}

/** Answers with what is wrong with a line, if anything is. */
async function publishLines(options: PublishSourceOptions): Promise<string | undefined> {
  const { source, publisher, topic, lineBytesMax, stopped, keySeparator } = options;
  const splitter = new LineSplitter(lineBytesMax);
  const separatorMissing = (line: number | undefined): string | undefined =>
    line === undefined
      ? undefined
      : `line ${line}: there is no separator ${JSON.stringify(keySeparator)} in it; correct it, or give another --key-separator`;
  for await (const chunk of chunksOf(source.stream, stopped)) {
    const refused = separatorMissing(await publisher.publish(splitter.push(chunk)));
    if (refused !== undefined) return refused;
    if (splitter.overlongLine !== undefined) {
      return `line ${splitter.overlongLine}: it is longer than the ${lineBytesMax} bytes that the topic takes; let it take more: tidelog topics alter ${topic} --config max.message.bytes=N`;
    }
    if (publisher.failure !== undefined) return undefined;
  }
  // A line that a stop cut off is no line.
  return stopped.aborted ? undefined : separatorMissing(await publisher.publish(splitter.end()));
}

function fateText({ published, uncertainRecords }: LinePublisher): string {
  const stands = `${recordsAre(published.records, "record")} published`;
  if (uncertainRecords === 0) return `${stands}, no more`;
  return `${stands}, and it is not known whether ${recordsAre(uncertainRecords, "more record")}`;
}

function recordsAre(count: number, noun: string): string {
  return `${countText(count, noun)} ${count === 1 ? "is" : "are"}`;
}
