import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { configValues } from "../config-values.ts";
import { countText } from "../figures.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { collectPairs, type Pair, wholeNumber } from "../parse-arguments.ts";

interface Flags extends ClientFlags {
  readonly partitions?: number;
  readonly config?: readonly Pair[];
  readonly json?: boolean;
}

/** `tidelog topics create`. */
export function addTopicsCreate(topics: Command, { output }: CommandContext): void {
  const command = topics.command("create").description("create a topic").argument("<name>", "the topic's name");
  command
    .option("--partitions <count>", "partitions (default: the server's)", wholeNumber(1))
    .option("--config <key=value>", "a config of the topic, by Kafka's name; may be repeated", collectPairs);
  addClientOptions(command)
    .option("--json", "the new topic as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ tidelog topics create orders --partitions 3 --config max.message.bytes=4194304",
    )
    .action(async (name: string, flags: Flags) => {
      const wanted = { name, partitions: flags.partitions, configs: configValues(flags.config) };
      const topic = await withClient(flags, ({ log }) => log.admin.createTopic(wanted));
      const { topicId, partitions, configs } = topic;
      if (flags.json) await output.json({ topic: name, topicId, partitions, configs });
      else await output.line(`created topic ${name} with ${countText(partitions, "partition")}`);
    });
}
