import type { Command } from "commander";
import { isLogError, type LogError } from "../../base/errors.ts";
import type { PlacedOptions, PlacedReport } from "../../local/verify-data.ts";
import type { CommandContext } from "../command-context.ts";
import { CommandEnded, CommandError } from "../command-error.ts";
import { bytesText, countText, groupedText } from "../figures.ts";
import { addPlaceOptions, type LogPlace, placeOf, placeWords } from "../log-place.ts";
import { exitCodeOf, stopSignal } from "../stop-signal.ts";
import { damageText } from "../verify-text.ts";

const EXAMPLE = `
Nothing is changed. No server may use a directory meanwhile; brokers on a bucket and a table go on.

Examples:
  $ tidelog verify --data-dir ./my-log
  $ tidelog verify --bucket my-log --table my-log`;

/** `tidelog verify`: checks everything that a log refers to; exit code 1 when something is damaged. */
export function addVerify(program: Command, context: CommandContext): void {
  const command = program.command("verify").description("check every reference, length, checksum and offset of a log");
  addPlaceOptions(command)
    .option("--from <place>", "go on where an interrupted verification stopped")
    .option("--json", "the report as JSON")
    .addHelpText("after", EXAMPLE)
    .action(async ({ json, from, ...flags }: Record<string, unknown>) => {
      const { notices, output, clock } = context;
      const place = placeOf(flags);
      const signal = stopSignal(clock);
      const again = `tidelog verify${placeWords(flags)} --from`;
      const report = await verifyAt(place, {
        from: typeof from === "string" ? from : undefined,
        signal,
        onProgress: ({ topic, partition, offset, highWatermark, bytes }) =>
          notices.status(`${topic} ${partition}: ${offset} of ${highWatermark}, ${bytesText(bytes)}`),
        onDamage: (damage) => notices.say(damageText(damage)),
      }).catch((error: unknown) => {
        throw isLogError(error) ? failureOf(error, again) : error;
      });
      notices.status("");
      if (json === true) await output.json(report);
      else await output.write(reportText(report, again));
      if (report.damageCount > 0) throw new CommandEnded(1);
      if (!report.complete) throw new CommandEnded(exitCodeOf(signal));
    });
}

/** Each place's code is loaded only where it is wanted. */
async function verifyAt(place: LogPlace, options: PlacedOptions): Promise<PlacedReport> {
  if ("dataDir" in place) {
    const { verifyData } = await import("../../local/verify-data.ts");
    return verifyData(place.dataDir, options);
  }
  const { verifyAwsLog } = await import("../../aws/verify-aws-log.ts");
  return verifyAwsLog(place.aws, options);
}

/** Of a store that failed in the middle: what has been verified need not be once more. */
function failureOf(error: LogError, again: string): Error {
  const { stoppedAt } = error.details;
  return typeof stoppedAt === "string" ? new CommandError(`${error.message}; go on: ${again} ${stoppedAt}`) : error;
}

function reportText({ checked, damageCount, unreferenced, stoppedAt }: PlacedReport, again: string): string {
  const { topics, partitions, segments, batches, records, bytes } = checked;
  const whole = [countText(topics, "topic"), countText(partitions, "partition"), countText(segments, "segment")];
  const parts = [...whole, `${groupedText(batches)} batches`, countText(records, "record")];
  const lines = [`verified ${parts.join(", ")}, ${bytesText(bytes)}: ${damagesText(damageCount)}`];
  if (unreferenced !== undefined) {
    const { segments: left, stagedObjects, stagedItems } = unreferenced;
    const staged = `${countText(stagedObjects, "staged object")}, ${countText(stagedItems, "staged item")}`;
    if (left + stagedObjects + stagedItems > 0) {
      lines.push(`to be collected, and no damage: ${countText(left, "segment")}, ${staged}`);
    }
  }
  if (stoppedAt !== undefined) lines.push(`interrupted; go on: ${again} ${stoppedAt}`);
  return `${lines.join("\n")}\n`;
}

function damagesText(count: number): string {
  return count === 0 ? "no damage" : countText(count, "damage");
}
