import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { CommandEnded } from "../command-error.ts";
import { addSettingOptions, configOf } from "../config-options.ts";
import { bytesText } from "../figures.ts";
import { restoredText } from "../restore-text.ts";
import { exitCodeOf, stopSignal } from "../stop-signal.ts";

const EXAMPLE = `
For a directory whose items.db is lost: move what is left of it (items.db*) away first. What was only in it is gone:
records of the last minute or so that were not yet rolled into segments, groups' offsets, producers' states.
An interrupted restore goes on when it is run again.

Example:
  $ tidelog restore --data-dir ./my-log`;

/** `tidelog restore`: brings a log back from its objects alone. */
export function addRestore(program: Command, context: CommandContext): void {
  const command = program
    .command("restore")
    .description("bring a log back from its objects alone, into an empty item store");
  addSettingOptions(command, ["dataDir"])
    .option("--append-staged", "append staged batches that are in no segment; some may never have been acknowledged")
    .option("--json", "the report as JSON")
    .addHelpText("after", EXAMPLE)
    .action(async ({ json, appendStaged, ...flags }: Record<string, unknown>) => {
      const { config } = configOf(flags);
      const { restoreData } = await import("../../local/restore-data.ts");
      const { notices, output, clock } = context;
      const signal = stopSignal(clock);
      const report = await restoreData(config.dataDir, {
        appendStaged: appendStaged === true,
        signal,
        onProgress: ({ topic, partition, topicsDone, topics, bytes }) =>
          notices.status(`topic ${topicsDone + 1} of ${topics}: ${topic} ${partition}, ${bytesText(bytes)} read`),
      });
      notices.status("");
      for (const { objectKey, why } of report.unplaced) notices.say(`not placed: ${objectKey}: ${why}`);
      if (json === true) await output.json(report);
      else await output.write(restoredText(report));
      if (!report.complete) throw new CommandEnded(exitCodeOf(signal));
    });
}
