import { Command, type CommanderError } from "commander";
import { packageVersion } from "../config/package-version.ts";
import type { CommandContext } from "./command-context.ts";
import { CommandEnded, UsageError } from "./command-error.ts";
import { addConfig } from "./commands/config.ts";
import { addConsume } from "./commands/consume.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addGc } from "./commands/gc.ts";
import { addGroupsDelete } from "./commands/groups-delete.ts";
import { addGroupsDescribe } from "./commands/groups-describe.ts";
import { addGroupsList } from "./commands/groups-list.ts";
import { addGroupsResetOffsets } from "./commands/groups-reset-offsets.ts";
import { addOffsets } from "./commands/offsets.ts";
import { addProduce } from "./commands/produce.ts";
import { addRestore } from "./commands/restore.ts";
import { addStart } from "./commands/start.ts";
import { addTopicsAlter } from "./commands/topics-alter.ts";
import { addTopicsCreate } from "./commands/topics-create.ts";
import { addTopicsDelete } from "./commands/topics-delete.ts";
import { addTopicsDeleteRecords } from "./commands/topics-delete-records.ts";
import { addTopicsDescribe } from "./commands/topics-describe.ts";
import { addTopicsList } from "./commands/topics-list.ts";
import { addVerify } from "./commands/verify.ts";

const EXAMPLE = `
Example:
  $ tidelog start
  $ echo "one coffee" | tidelog produce orders
  $ tidelog consume orders --from-beginning`;

/** Help and version were asked for and printed. */
const FINE = new Set(["commander.helpDisplayed", "commander.version"]);

/** The whole command line, ready to parse. Parsing rejects with `UsageError`, `CommandEnded`, or what a command throws. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("tidelog")
    .description("a serverless, Kafka-style log on object storage")
    .version(packageVersion, "-V, --version", "show the version")
    .addHelpText("after", EXAMPLE)
    .configureOutput({ outputError: () => undefined });
  addStart(program, context);
  addConfig(program, context);
  const topics = program.command("topics").description("create, list, describe, alter and delete topics");
  topics.addHelpText("after", "\nExample:\n  $ tidelog topics create orders --partitions 3");
  addTopicsCreate(topics, context);
  addTopicsList(topics, context);
  addTopicsDescribe(topics, context);
  addTopicsAlter(topics, context);
  addTopicsDelete(topics, context);
  addTopicsDeleteRecords(topics, context);
  addProduce(program, context);
  addConsume(program, context);
  addOffsets(program, context);
  const groups = program.command("groups").description("list, describe, reset and delete consumer groups");
  groups.addHelpText("after", "\nExample:\n  $ tidelog groups describe billing");
  addGroupsList(groups, context);
  addGroupsDescribe(groups, context);
  addGroupsResetOffsets(groups, context);
  addGroupsDelete(groups, context);
  addDoctor(program, context);
  addGc(program, context);
  addVerify(program, context);
  addRestore(program, context);
  throwInsteadOfExiting(program, "tidelog");
  return program;
}

function throwInsteadOfExiting(command: Command, path: string): void {
  command.exitOverride((error) => {
    throw endOf(error, path);
  });
  for (const child of command.commands) throwInsteadOfExiting(child, `${path} ${child.name()}`);
}

function endOf(error: CommanderError, path: string): Error {
  if (FINE.has(error.code)) return new CommandEnded(0);
  // The help of a command that needs a further word is itself the explanation.
  if (error.code === "commander.help") return new CommandEnded(error.exitCode === 0 ? 0 : 2);
  return new UsageError(`${error.message.replace(/^error: /, "").replace(/\.$/, "")}; see: ${path} --help`);
}
