import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { wholeNumber } from "../parse-arguments.ts";

interface Flags extends ClientFlags {
  readonly partition: number;
  readonly beforeOffset: number;
  readonly json?: boolean;
}

/** `tidelog topics delete-records`. */
export function addTopicsDeleteRecords(topics: Command, { output }: CommandContext): void {
  const command = topics.command("delete-records").description("delete a partition's oldest records, for good");
  command
    .argument("<topic>", "the topic's name")
    .requiredOption("--partition <number>", "the partition", wholeNumber(0))
    .requiredOption("--before-offset <offset>", "the first offset that stays", wholeNumber(0));
  addClientOptions(command)
    .option("--json", "the first offset that is left, as JSON")
    .addHelpText("after", "\nExample:\n  $ tidelog topics delete-records orders --partition 0 --before-offset 1000")
    .action(async (topic: string, { partition, beforeOffset, ...flags }: Flags) => {
      const at = { topic, partition };
      const logStartOffset = await withClient(flags, ({ log }) => log.admin.deleteRecords(at, beforeOffset));
      if (flags.json) await output.json({ ...at, logStartOffset });
      else await output.line(`partition ${partition} of topic ${topic} starts at offset ${logStartOffset}`);
    });
}
