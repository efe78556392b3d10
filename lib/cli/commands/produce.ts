import { type Command, InvalidArgumentError, Option } from "commander";
import { isLogError } from "../../base/errors.ts";
import type { Compression } from "../../client/index.ts";
import type { CommandContext } from "../command-context.ts";
import { CommandEnded } from "../command-error.ts";
import { countText, summaryText } from "../figures.ts";
import { LinePublisher } from "../line-publisher.ts";
import { lineToRecord } from "../line-record.ts";
import { openLineSource } from "../line-source.ts";
import { addClientOptions, type Client, type ClientFlags, withPatientClient } from "../open-client.ts";
import { collectPairs, type Pair, wholeNumber } from "../parse-arguments.ts";
import { ProgressBar } from "../progress-bar.ts";
import { publishSource } from "../publish-source.ts";
import { exitCodeOf, stopSignal } from "../stop-signal.ts";

interface Flags extends ClientFlags {
  readonly file?: string;
  readonly keySeparator?: string;
  readonly partition?: number;
  readonly header?: readonly Pair[];
  readonly compression: Compression;
}

/** How long a record may be on its way: long enough for a server that restarts, or is being repaired. */
const deliveryTimeoutMs = 10 * 60 * 1000;
/** A batch's header and the least that a record adds to its value: a longer line cannot be stored. */
const batchOverheadBytes = 68;

const COMPRESSIONS: readonly Compression[] = ["none", "gzip", "snappy", "lz4", "zstd"];

const EXAMPLE = `
A record a line: only LF ends a line, CR belongs to it, an empty line is an empty value.

Examples:
  $ tidelog produce orders --file orders.txt --compression zstd
  $ echo "customer-7:one coffee" | tidelog produce orders --key-separator :`;

/** `tidelog produce`: publishes the lines of a file or of stdin. */
export function addProduce(program: Command, context: CommandContext): void {
  const command = program.command("produce").description("publish the lines of a file, or of stdin");
  command
    .argument("<topic>", "the topic's name")
    .option("--file <file>", "read this file instead of stdin (-)")
    .option("--key-separator <text>", "what stands between key and value in each line", nonEmpty)
    .option("--partition <number>", "publish to this partition", wholeNumber(0))
    .option("--header <key=value>", "a header of each record; may be repeated", collectPairs)
    .addOption(new Option("--compression <codec>", "of batches").choices(COMPRESSIONS).default("none"));
  addClientOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((topic: string, flags: Flags) =>
      withPatientClient(flags, context, (client) => produce(context, client, topic, flags)),
    );
}

async function produce(context: CommandContext, client: Client, topic: string, flags: Flags): Promise<void> {
  const { clock, notices } = context;
  const { compression, keySeparator, partition, header } = flags;
  const lineBytesMax = await longestLine(client, topic);
  const source = await openLineSource(flags.file, context.input);
  const asked = stopSignal(clock);
  const failed = new AbortController();
  const progress = new ProgressBar(context, source.totalBytes);
  const producer = client.log.producer({ compression, deliveryTimeoutMs, maxBlockMs: deliveryTimeoutMs });
  const publisher = new LinePublisher({
    producer,
    topic,
    toRecord: lineToRecord({ keySeparator, partition, headers: header }),
    onProgress: () => {
      progress.show(publisher.published);
      if (publisher.failure !== undefined) failed.abort();
    },
  });
  asked.addEventListener("abort", () => {
    const { undecidedRecords } = publisher;
    if (undecidedRecords === 0) return;
    notices.say(`stopping when ${countText(undecidedRecords, "record")} on their way are stored; Ctrl-C gives them up`);
  });
  if (source.isTerminal) notices.say("a line is a record; Ctrl-D ends");
  const startedMs = clock.monotonicMs();
  const stopped = AbortSignal.any([asked, failed.signal]);
  try {
    await publishSource({ source, publisher, topic, lineBytesMax, stopped, keySeparator });
  } finally {
    progress.end();
  }
  notices.say(`published to ${topic}: ${summaryText(publisher.published, clock.monotonicMs() - startedMs)}`);
  if (asked.aborted) throw new CommandEnded(exitCodeOf(asked));
}

/** What the topic takes in one batch, or, for a topic that is yet to be created, what any topic could. */
async function longestLine({ log, server }: Client, topic: string): Promise<number> {
  try {
    const configs = await log.admin.describeConfigs(topic);
    const bytes = Number(configs.find(({ name }) => name === "max.message.bytes")?.value);
    return (Number.isSafeInteger(bytes) ? bytes : server.messageBytesMax) - batchOverheadBytes;
  } catch (error) {
    if (!isLogError(error, "UnknownTopicOrPartition") || !server.autoCreateTopics) throw error;
    return server.messageBytesMax - batchOverheadBytes;
  }
}

function nonEmpty(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Expected one character or more.");
}
