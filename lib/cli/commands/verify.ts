import type { Command } from "commander";
import type { DataReport } from "../../local/verify-data.ts";
import type { CommandContext } from "../command-context.ts";
import { CommandEnded } from "../command-error.ts";
import { addSettingOptions, configOf } from "../config-options.ts";
import { bytesText, countText, groupedText } from "../figures.ts";
import { exitCodeOf, stopSignal } from "../stop-signal.ts";
import { damageText } from "../verify-text.ts";

const EXAMPLE = `
No server may use the directory meanwhile. Nothing in it is changed.

Example:
  $ tidelog verify --data-dir ./my-log`;

/** `tidelog verify`: checks everything that a log in a directory refers to; exit code 1 when something is damaged. */
export function addVerify(program: Command, context: CommandContext): void {
  const command = program.command("verify").description("check every reference, length, checksum and offset of a log");
  addSettingOptions(command, ["dataDir"])
    .option("--from <place>", "go on where an interrupted verification stopped")
    .option("--json", "the report as JSON")
    .addHelpText("after", EXAMPLE)
    .action(async ({ json, from, ...flags }: Record<string, unknown>) => {
      const { config } = configOf(flags);
      const { verifyData } = await import("../../local/verify-data.ts");
      const { notices, output, clock } = context;
      const signal = stopSignal(clock);
      const report = await verifyData(config.dataDir, {
        from: typeof from === "string" ? from : undefined,
        signal,
        onProgress: ({ topic, partition, offset, highWatermark, bytes }) =>
          notices.status(`${topic} ${partition}: ${offset} of ${highWatermark}, ${bytesText(bytes)}`),
        onDamage: (damage) => notices.say(damageText(damage)),
      });
      notices.status("");
      if (json === true) await output.json(report);
      else await output.write(reportText(report));
      if (report.damageCount > 0) throw new CommandEnded(1);
      if (!report.complete) throw new CommandEnded(exitCodeOf(signal));
    });
}

function reportText({ checked, damageCount, unreferenced, stoppedAt }: DataReport): string {
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
  if (stoppedAt !== undefined) lines.push(`interrupted; go on: tidelog verify --from ${stoppedAt}`);
  return `${lines.join("\n")}\n`;
}

function damagesText(count: number): string {
  return count === 0 ? "no damage" : countText(count, "damage");
}
