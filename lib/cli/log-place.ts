import type { Command } from "commander";
import type { AwsStorage } from "../aws/aws-stores.ts";
import { awsEndpoints } from "../config/aws-environment.ts";
import { flagOf } from "../config/settings.ts";
import { UsageError } from "./command-error.ts";
import { addSettingOptions, configOf } from "./config-options.ts";

/** Where the stores of a log are, for commands that work on them without a server. */
export type LogPlace = { readonly dataDir: string } | { readonly aws: AwsStorage };

/** Named on the command line alone: what was once set somewhere should not say which stores are written. */
const AWS_FLAGS = ["bucket", "table", "region"] as const;

/** Gives a command the flags that say where the log is: in a directory, or on AWS. */
export function addPlaceOptions(command: Command): Command {
  return addSettingOptions(command, ["dataDir", "awsProfile"])
    .option("--bucket <name>", "the log's bucket on S3, in place of a directory; needs the AWS SDK")
    .option("--table <name>", "the log's table on DynamoDB")
    .option("--region <name>", "where the two are (default: AWS_REGION, or the profile's)");
}

/** The place that the flags name; `UsageError` where they name two, or half of one. */
export function placeOf(flags: Readonly<Record<string, unknown>>): LogPlace {
  const { config } = configOf(flags);
  const { bucket, table, region, dataDir } = flags;
  const given = [...AWS_FLAGS, "awsProfile"].filter((name) => flags[name] !== undefined).map(flagOf);
  if (given.length === 0) return { dataDir: config.dataDir };
  if (dataDir !== undefined) {
    throw new UsageError(`--data-dir and ${given[0]} name two different logs: leave one out`);
  }
  if (typeof bucket !== "string" || typeof table !== "string") {
    const named = `${given.join(" and ")} alone ${given.length === 1 ? "names" : "name"} no log`;
    throw new UsageError(`${named}: give --bucket and --table`);
  }
  const reached = { region: typeof region === "string" ? region : undefined, profile: config.awsProfile };
  return { aws: { bucket, table, ...reached, endpoints: awsEndpoints() } };
}

/** The same flags again, for a command line that goes on with what was interrupted. */
export function placeWords(flags: Readonly<Record<string, unknown>>): string {
  const names = ["configFile", "dataDir", ...AWS_FLAGS, "awsProfile"];
  return names
    .map((name) => (flags[name] === undefined ? "" : ` ${flagOf(name)} ${quoted(String(flags[name]))}`))
    .join("");
}

function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
