import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { formatTable } from "../table.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog topics describe`: a topic's partitions, and its effective configs with where each comes from. */
export function addTopicsDescribe(topics: Command, { output }: CommandContext): void {
  const command = topics.command("describe").description("show a topic and its configs");
  command.argument("<name>", "the topic's name");
  addClientOptions(command)
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  $ tidelog topics describe orders")
    .action(async (name: string, flags: Flags) => {
      const [topic, configs] = await withClient(flags, ({ log }) =>
        Promise.all([log.admin.describeTopic(name), log.admin.describeConfigs(name)]),
      );
      const { topicId, partitions } = topic;
      if (flags.json) {
        await output.json({ topic: name, topicId, partitions, configs });
        return;
      }
      const rows = configs.map((config) => [config.name, config.value, config.source]);
      const head = `topic:      ${name}\ntopic id:   ${topicId}\npartitions: ${partitions}\n`;
      await output.write(`${head}\n${formatTable(["CONFIG", "VALUE", "FROM"], rows)}`);
    });
}
