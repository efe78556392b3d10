import type { Command } from "commander";
import type { RestoreDataOptions, RestoreReport } from "../../local/restore-data.ts";
import type { CommandContext } from "../command-context.ts";
import { CommandEnded } from "../command-error.ts";
import { bytesText } from "../figures.ts";
import { addPlaceOptions, type LogPlace, placeOf, placeWords } from "../log-place.ts";
import { restoredText } from "../restore-text.ts";
import { exitCodeOf, stopSignal } from "../stop-signal.ts";

const EXAMPLE = `
For a directory whose items.db is lost: move what is left of it (items.db*) away first. For a bucket whose table is
lost: stop all brokers, and give it an empty table. What was only in the items is gone: records that were not yet
rolled into segments, groups' offsets, producers' states.
An interrupted restore goes on when it is run again.

Examples:
  $ tidelog restore --data-dir ./my-log
  $ tidelog restore --bucket my-log --table my-new-table`;

/** `tidelog restore`: brings a log back from its objects alone. */
export function addRestore(program: Command, context: CommandContext): void {
  const command = program
    .command("restore")
    .description("bring a log back from its objects alone, into an empty item store");
  addPlaceOptions(command)
    .option("--append-staged", "append staged batches that are in no segment; some may never have been acknowledged")
    .option("--json", "the report as JSON")
    .addHelpText("after", EXAMPLE)
    .action(async ({ json, appendStaged, ...flags }: Record<string, unknown>) => {
      const { notices, output, clock } = context;
      const place = placeOf(flags);
      const signal = stopSignal(clock);
      const report = await restoreAt(place, {
        appendStaged: appendStaged === true,
        signal,
        onProgress: ({ topic, partition, topicsDone, topics, bytes }) =>
          notices.status(`topic ${topicsDone + 1} of ${topics}: ${topic} ${partition}, ${bytesText(bytes)} read`),
      });
      notices.status("");
      for (const { objectKey, why } of report.unplaced) notices.say(`not placed: ${objectKey}: ${why}`);
      const again = `tidelog restore${placeWords(flags)}${appendStaged === true ? " --append-staged" : ""}`;
      if (json === true) await output.json(report);
      else await output.write(restoredText(report, again));
      if (!report.complete) throw new CommandEnded(exitCodeOf(signal));
    });
}

/** Each place's code is loaded only where it is wanted. */
async function restoreAt(place: LogPlace, options: RestoreDataOptions): Promise<RestoreReport> {
  if ("dataDir" in place) {
    const { restoreData } = await import("../../local/restore-data.ts");
    return restoreData(place.dataDir, options);
  }
  const { restoreAwsLog } = await import("../../aws/restore-aws-log.ts");
  return restoreAwsLog(place.aws, options);
}
