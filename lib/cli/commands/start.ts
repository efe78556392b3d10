import type { Command } from "commander";
import { packageVersion } from "../../config/package-version.ts";
import type { RunningServer } from "../../local/start-server.ts";
import type { CommandContext } from "../command-context.ts";
import { addSettingOptions, configOf, SERVER_SETTINGS } from "../config-options.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";

/** `tidelog start`: serves the log in a directory of this machine until Ctrl-C. */
export function addStart(program: Command, { output }: CommandContext): void {
  const command = program.command("start").description("start a server on this machine; Ctrl-C stops it");
  addSettingOptions(command, SERVER_SETTINGS)
    .option("--json", "tell the address and the data directory as JSON, on one line")
    .addHelpText("after", "\nExample:\n  $ tidelog start --port 9000 --data-dir ./my-log")
    .action(async ({ json, ...flags }: Record<string, unknown>) => {
      const { config } = configOf(flags);
      // The server's code takes longer to load than most commands to run: only this one pays for it.
      const { runServer } = await import("../../local/run-server.ts");
      const tell = (server: RunningServer): Promise<void> =>
        output.line(json === true ? startedJson(server) : startedText(server));
      let told: Promise<void> | undefined;
      await runServer(config, (server) => {
        told = tell(server);
      });
      await told;
    });
}

function startedJson({ url, dataDir }: RunningServer): string {
  return JSON.stringify({ url, dataDir, version: packageVersion });
}

/** Address, place of the data, and three commands to try, fit to be pasted. */
export function startedText({ url, dataDir }: Pick<RunningServer, "url" | "dataDir">): string {
  const endpoint = url === DEFAULT_URL ? "" : ` --endpoint ${url}`;
  return [
    `Tidelog ${packageVersion} listens on ${url}`,
    `Data lies in ${dataDir}`,
    "",
    "Try next, in another terminal:",
    `  npx tidelog topics create orders --partitions 3${endpoint}`,
    `  echo "one coffee" | npx tidelog produce orders${endpoint}`,
    `  npx tidelog consume orders --from-beginning${endpoint}`,
    "",
    "Ctrl-C stops the server.",
  ].join("\n");
}
