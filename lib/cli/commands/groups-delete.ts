import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog groups delete`. */
export function addGroupsDelete(groups: Command, { output }: CommandContext): void {
  const command = groups.command("delete").description("delete a group that has no members, and its offsets");
  command.argument("<group>", "the group's id");
  addClientOptions(command)
    .option("--json", "what was deleted as JSON")
    .addHelpText("after", "\nExample:\n  $ tidelog groups delete billing")
    .action(async (groupId: string, flags: Flags) => {
      await withClient(flags, ({ log }) => log.admin.groups.delete(groupId));
      if (flags.json) await output.json({ groupId, deleted: true });
      else await output.line(`deleted group ${groupId}`);
    });
}
