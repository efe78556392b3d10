import { type Command, Option } from "commander";
import { isLogError } from "../../base/errors.ts";
import { type Consumer, type ConsumerRecord, type From, LogError } from "../../client/index.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../command-error.ts";
import { consumeAsMember } from "../consume-as-member.ts";
import { countText } from "../figures.ts";
import { addClientOptions, type Client, type ClientFlags, withPatientClient } from "../open-client.ts";
import { isoTimestamp, wholeNumber } from "../parse-arguments.ts";
import { readPartitions } from "../read-partitions.ts";
import { recordAsJson, recordsAsLines } from "../record-line.ts";
import { stopSignal } from "../stop-signal.ts";

interface Flags extends ClientFlags {
  readonly fromBeginning?: boolean;
  readonly offset?: number;
  readonly timestamp?: number;
  readonly partition?: number;
  readonly group?: string;
  readonly instanceId?: string;
  readonly maxMessages?: number;
  readonly exitAtEnd?: boolean;
  readonly printKey?: boolean;
  readonly json?: boolean;
}

const EXAMPLE = `
Begins at the end, and follows the log until Ctrl-C, unless told otherwise. Values come as they are, a line each.

Examples:
  $ tidelog consume orders --from-beginning --exit-at-end > orders.txt
  $ tidelog consume orders --timestamp 2026-11-20T15:00:00Z --max-messages 10 --json
  $ tidelog consume orders --group billing --from-beginning`;

/** `tidelog consume`: writes records to stdout. */
export function addConsume(program: Command, context: CommandContext): void {
  const starts = {
    fromBeginning: new Option("--from-beginning", "begin at the log's start").conflicts(["offset", "timestamp"]),
    offset: new Option("--offset <number>", "begin at this offset of the partition").conflicts(["timestamp"]),
    timestamp: new Option("--timestamp <time>", "begin at the first record of this time or later (ISO 8601, else UTC)"),
    group: new Option("--group <id>", "as a member of this group, which shares the partitions out and keeps the place"),
    instanceId: new Option("--instance-id <id>", "keep the place in the group over a restart of this command"),
  };
  const command = program.command("consume").description("write records to stdout");
  command
    .argument("<topic>", "the topic's name")
    .addOption(starts.fromBeginning)
    .addOption(starts.offset.argParser(wholeNumber(0)))
    .addOption(starts.timestamp.argParser(isoTimestamp))
    .option("--partition <number>", "read this partition only", wholeNumber(0))
    .addOption(starts.group.conflicts(["offset", "timestamp", "partition"]))
    .addOption(starts.instanceId)
    .option("--max-messages <count>", "end after so many records", wholeNumber(1))
    .option("--exit-at-end", "end at what is the high watermark now, instead of following the log")
    .option("--print-key", "write the key and a TAB before each value");
  addClientOptions(command)
    .option("--json", "a JSON object a line, with everything that the record has")
    .addHelpText("after", EXAMPLE)
    .action(async (topic: string, flags: Flags) => {
      if (flags.instanceId !== undefined && flags.group === undefined) {
        throw new UsageError("--instance-id is a member's: give --group as well");
      }
      await withPatientClient(flags, context, (client) =>
        flags.group === undefined
          ? consume(context, client, topic, flags)
          : consumeAsMember(context, client, {
              ...flags,
              topic,
              group: flags.group,
              write: (records) => context.output.write(textOf(records, flags)),
            }),
      );
    });
}

async function consume(context: CommandContext, { log }: Client, topic: string, flags: Flags): Promise<void> {
  const { clock, output } = context;
  const partitions = wantedPartitions(topic, (await log.admin.describeTopic(topic)).partitions, flags);
  const stopped = AbortSignal.any([stopSignal(clock), output.ended]);
  const assign = flags.partition === undefined ? { topic } : { topic, partition: flags.partition };
  await using consumer = log.consumer({ assign, from: startOf(flags) });
  stopped.addEventListener("abort", () => void consumer.close());
  try {
    const ends = flags.exitAtEnd ? await endsOf(consumer, topic, partitions) : undefined;
    // Where to begin is known before anything is said: what is published from then on is read.
    for (const partition of partitions) await consumer.position({ topic, partition }, { signal: stopped });
    announce(context, topic, flags, partitions.length);
    const recordsMax = flags.maxMessages;
    const reading = readPartitions({ consumer, topic, ends, recordsMax, signal: stopped });
    for await (const records of reading) await output.write(textOf(records, flags));
  } catch (error) {
    if (!stopped.aborted || !isLogError(error, "Aborted", "Closed")) throw error;
  }
}

function startOf({ fromBeginning, offset, timestamp }: Flags): From {
  if (fromBeginning) return "beginning";
  if (offset !== undefined) return { offset };
  return timestamp === undefined ? "end" : { timestamp };
}

function wantedPartitions(topic: string, count: number, { partition, offset }: Flags): readonly number[] {
  if (partition !== undefined) {
    if (partition < count) return [partition];
    const details = { topic, partition, partitions: count };
    throw new LogError("UnknownTopicOrPartition", `${topic} has no partition ${partition}`, { details });
  }
  if (offset !== undefined && count > 1) {
    throw new UsageError(
      `--offset needs --partition: topic ${topic} has ${count} partitions, each with its own offsets`,
    );
  }
  return Array.from({ length: count }, (_, number) => number);
}

async function endsOf(consumer: Consumer, topic: string, partitions: readonly number[]): Promise<Map<number, number>> {
  const ends = await consumer.endOffsets(...partitions.map((partition) => ({ topic, partition })));
  return new Map(ends.map(({ partition, offset }) => [partition, offset]));
}

function announce({ notices }: CommandContext, topic: string, flags: Flags, partitionCount: number): void {
  const fromEnd = startOf(flags) === "end";
  if (flags.exitAtEnd) {
    if (fromEnd) notices.say("began at the end, so there is nothing to read; add --from-beginning");
    return;
  }
  const where = fromEnd ? "from the end" : "from where you said";
  notices.say(`reading ${topic}, ${countText(partitionCount, "partition")}, ${where}; Ctrl-C stops`);
}

function textOf(records: readonly ConsumerRecord[], { json, printKey }: Flags): string | Uint8Array {
  if (json) return records.map((record) => `${recordAsJson(record)}\n`).join("");
  return recordsAsLines(records, { printKey: printKey === true });
}
