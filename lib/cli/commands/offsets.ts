import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { formatTable } from "../table.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog offsets`: where each partition begins and ends. */
export function addOffsets(program: Command, { output }: CommandContext): void {
  const command = program.command("offsets").description("show log start and high watermark of each partition");
  command.argument("<topic>", "the topic's name");
  addClientOptions(command)
    .option("--json", "as a JSON array")
    .addHelpText("after", "\nExample:\n  $ tidelog offsets orders --json")
    .action(async (topic: string, flags: Flags) => {
      const offsets = await withClient(flags, ({ log }) => log.admin.offsets(topic));
      if (flags.json) {
        const plain = offsets.map(({ partition, logStartOffset, highWatermark }) => ({
          partition,
          logStartOffset,
          highWatermark,
        }));
        await output.json(plain);
        return;
      }
      const rows = offsets.map(({ partition, logStartOffset, highWatermark }) => [
        partition,
        logStartOffset,
        highWatermark,
      ]);
      await output.write(formatTable(["PARTITION", "LOG START", "HIGH WATERMARK"], rows));
    });
}
