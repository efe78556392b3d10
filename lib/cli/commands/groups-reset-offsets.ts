import type { Command } from "commander";
import type { OffsetTarget } from "../../client/index.ts";
import type { CommandContext } from "../command-context.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { collect, isoTimestamp, signedNumber, wholeNumber } from "../parse-arguments.ts";
import { formatTable } from "../table.ts";

interface TargetFlags {
  readonly toBeginning?: boolean;
  readonly toEnd?: boolean;
  readonly toOffset?: number;
  readonly toTime?: number;
  readonly shiftBy?: number;
}

interface Flags extends ClientFlags, TargetFlags {
  readonly topic?: readonly string[];
  readonly partition?: number;
  readonly execute?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  $ tidelog groups reset-offsets billing --to-beginning
  $ tidelog groups reset-offsets billing --topic orders --shift-by=-100 --execute`;

/** `tidelog groups reset-offsets`: shows what would change; changes it with --execute. */
export function addGroupsResetOffsets(groups: Command, { output }: CommandContext): void {
  const command = groups.command("reset-offsets").description("move a group's offsets; without --execute only show it");
  command
    .argument("<group>", "the group's id")
    .option("--topic <topic>", "only this topic, also when nothing is committed; may be repeated", collect)
    .option("--partition <number>", "only this partition of the topic", wholeNumber(0))
    .option("--to-beginning", "to the log start")
    .option("--to-end", "to the high watermark")
    .option("--to-offset <offset>", "to this offset", wholeNumber(0))
    .option("--to-time <time>", "to the first record at or after this time", isoTimestamp)
    .option("--shift-by <count>", "on, or back, by so many records", signedNumber)
    .option("--execute", "change it");
  addClientOptions(command)
    .option("--json", "as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (groupId: string, flags: Flags) => {
      const dryRun = flags.execute !== true;
      const options = { ...placesOf(flags), to: targetOf(flags), dryRun };
      const results = await withClient(flags, ({ log }) => log.admin.groups.resetOffsets(groupId, options));
      const moves = results.map((result) => {
        if (!result.ok) throw result.error;
        const { topic, partition, before, offset } = result;
        return { topic, partition, before, offset };
      });
      if (moves.length === 0) {
        throw new CommandError(
          `group ${groupId} has committed nothing that could be moved; name a topic: --topic TOPIC`,
        );
      }
      if (flags.json) return await output.json({ groupId, dryRun, offsets: moves });
      const rows = moves.map((move) => [move.topic, move.partition, move.before < 0 ? "-" : move.before, move.offset]);
      await output.write(formatTable(["TOPIC", "PARTITION", "BEFORE", "AFTER"], rows));
      await output.line(dryRun ? "nothing was changed: add --execute to change it" : `moved group ${groupId}`);
    });
}

function placesOf({ topic: topics, partition }: Flags) {
  if (partition === undefined) return { topics };
  const [topic] = topics ?? [];
  if (topic === undefined || topics?.length !== 1) throw new UsageError("--partition needs one --topic");
  return { partitions: [{ topic, partition }] };
}

function targetOf({ toBeginning, toEnd, toOffset, toTime, shiftBy }: TargetFlags): OffsetTarget {
  const targets: OffsetTarget[] = [];
  if (toBeginning) targets.push({ kind: "beginning" });
  if (toEnd) targets.push({ kind: "end" });
  if (toOffset !== undefined) targets.push({ kind: "offset", offset: toOffset });
  if (toTime !== undefined) targets.push({ kind: "timestamp", timestamp: toTime });
  if (shiftBy !== undefined) targets.push({ kind: "shift", by: shiftBy });
  const [target] = targets;
  if (target !== undefined && targets.length === 1) return target;
  throw new UsageError("say where to, once: --to-beginning, --to-end, --to-offset, --to-time or --shift-by");
}
