import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { formatTable } from "../table.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog groups list`. */
export function addGroupsList(groups: Command, { output }: CommandContext): void {
  const command = groups.command("list").description("list all consumer groups");
  addClientOptions(command)
    .option("--json", "as a JSON array")
    .addHelpText("after", "\nExample:\n  $ tidelog groups list")
    .action(async (flags: Flags) => {
      const found = await withClient(flags, ({ log }) => log.admin.groups.list());
      if (flags.json) return await output.json(found);
      const rows = found.map(({ groupId, state, members }) => [groupId, state, members]);
      await output.write(formatTable(["GROUP", "STATE", "MEMBERS"], rows));
    });
}
