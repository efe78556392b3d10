import type { Command } from "commander";
import { type Admin, type ConfigEntry, LogError } from "../../client/index.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../command-error.ts";
import { configValues } from "../config-values.ts";
import { countText } from "../figures.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { collect, collectPairs, type Pair, wholeNumber } from "../parse-arguments.ts";

interface Flags extends ClientFlags {
  readonly partitions?: number;
  readonly config?: readonly Pair[];
  readonly removeConfig?: readonly string[];
  readonly json?: boolean;
}

/** `tidelog topics alter`: more partitions, other configs. */
export function addTopicsAlter(topics: Command, { output }: CommandContext): void {
  const command = topics.command("alter").description("grow a topic, or change its configs");
  command
    .argument("<name>", "the topic's name")
    .option("--partitions <count>", "partitions in all, more than now; keys may change partition", wholeNumber(1))
    .option("--config <key=value>", "a config of the topic, by Kafka's name; may be repeated", collectPairs)
    .option("--remove-config <name>", "back to the server's value, or Kafka's default; may be repeated", collect);
  addClientOptions(command)
    .option("--json", "the topic as it is afterwards, as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ tidelog topics alter orders --partitions 6 --config max.message.bytes=4194304",
    )
    .action(async (name: string, flags: Flags) => {
      if (flags.partitions === undefined && flags.config === undefined && flags.removeConfig === undefined) {
        throw new UsageError("nothing to alter; give --partitions N, --config K=V or --remove-config K");
      }
      const altered = await withClient(flags, ({ log }) => alter(log.admin, name, flags));
      if (flags.json) await output.json(altered);
      else await output.line(`altered topic ${name}: it has ${countText(altered.partitions, "partition")}`);
    });
}

async function alter(admin: Admin, name: string, flags: Flags) {
  const values = configValues(flags.config);
  let configs: readonly ConfigEntry[] | undefined;
  if (flags.config !== undefined || flags.removeConfig !== undefined) {
    configs = await admin.alterConfigs(name, { set: values, remove: flags.removeConfig ?? [] });
  }
  const topic = await (flags.partitions === undefined
    ? admin.describeTopic(name)
    : grow(admin, name, { totalCount: flags.partitions, configsAltered: configs !== undefined }));
  configs ??= await admin.describeConfigs(name);
  return { topic: name, topicId: topic.topicId, partitions: topic.partitions, configs };
}

async function grow(admin: Admin, name: string, to: { totalCount: number; configsAltered: boolean }) {
  try {
    return await admin.createPartitions(name, to.totalCount);
  } catch (error) {
    if (!to.configsAltered || !(error instanceof LogError)) throw error;
    const { code, message, effect, details } = error;
    throw new LogError(code, `the configs are altered, but ${message}`, { effect, details, cause: error });
  }
}
