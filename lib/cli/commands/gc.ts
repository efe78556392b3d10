import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { bytesText, countText } from "../figures.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";

interface Flags extends ClientFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `tidelog gc`: a collection now, instead of when the server's own turn comes. */
export function addGc(program: Command, { output }: CommandContext): void {
  const command = program.command("gc").description("delete stored bytes that nothing refers to, as servers do anyway");
  command.option("--dry-run", "delete nothing, tell what would go");
  addClientOptions(command)
    .option("--json", "what was collected, as JSON")
    .addHelpText("after", "\nExample:\n  $ tidelog gc --dry-run")
    .action(async ({ dryRun = false, ...flags }: Flags) => {
      const collected = await withClient(flags, ({ log }) => log.admin.collectGarbage({ dryRun }));
      if (flags.json) return await output.json({ dryRun, ...collected });
      const { objects, items, bytes, referred, undecided } = collected;
      const what = `${countText(objects, "object")} and ${countText(items, "item")}, ${bytesText(bytes)}`;
      await output.line(dryRun ? `would delete ${what}` : `deleted ${what}`);
      await output.line(`${referred} old but in use, ${undecided} left undecided`);
    });
}
