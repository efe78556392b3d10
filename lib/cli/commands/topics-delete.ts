import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog topics delete`. */
export function addTopicsDelete(topics: Command, { output }: CommandContext): void {
  const command = topics.command("delete").description("delete a topic and all its records");
  command.argument("<name>", "the topic's name");
  addClientOptions(command)
    .option("--json", "what was deleted as JSON")
    .addHelpText("after", "\nExample:\n  $ tidelog topics delete orders")
    .action(async (name: string, flags: Flags) => {
      await withClient(flags, ({ log }) => log.admin.deleteTopic(name));
      if (flags.json) await output.json({ topic: name, deleted: true });
      else await output.line(`deleted topic ${name}`);
    });
}
