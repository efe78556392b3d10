import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { formatTable } from "../table.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog topics list`. */
export function addTopicsList(topics: Command, { output, notices }: CommandContext): void {
  const command = topics.command("list").description("list all topics");
  addClientOptions(command)
    .option("--json", "as a JSON array")
    .addHelpText("after", "\nExample:\n  $ tidelog topics list --json")
    .action(async (flags: Flags) => {
      const listed = await withClient(flags, ({ log }) => log.admin.listTopics());
      const sorted = listed.toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
      if (flags.json) {
        await output.json(sorted.map(({ topic, topicId, partitions }) => ({ topic, topicId, partitions })));
      } else if (sorted.length === 0) {
        notices.say("there are no topics yet; create one: tidelog topics create orders");
      } else {
        const rows = sorted.map(({ topic, partitions }) => [topic, partitions]);
        await output.write(formatTable(["TOPIC", "PARTITIONS"], rows));
      }
    });
}
