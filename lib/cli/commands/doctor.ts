import type { Command } from "commander";
import { isLogError } from "../../base/errors.ts";
import { Tidelog } from "../../client/index.ts";
import { packageVersion } from "../../config/package-version.ts";
import type { CommandContext } from "../command-context.ts";
import { CommandEnded } from "../command-error.ts";
import { configOf } from "../config-options.ts";
import { explainError } from "../explain-error.ts";
import { checkClock, checkDisk, checkFormat, checkVersions, type HealthCheck, healthText } from "../health-checks.ts";
import { addClientOptions, type ClientFlags } from "../open-client.ts";
import { remoteAddress } from "../remote-address.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog doctor`: what is well with the server and what is not; exit code 1 when something fails. */
export function addDoctor(program: Command, context: CommandContext): void {
  const command = program.command("doctor").description("check server, versions, clock, disk and data format");
  addClientOptions(command)
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  $ tidelog doctor --endpoint http://127.0.0.1:9000")
    .action(async (flags: Flags) => {
      const address = remoteAddress(configOf({ ...flags }).config);
      const { endpoint } = address;
      await using log = new Tidelog({ ...address, clientId: "tidelog-cli" });
      const checks = await examine(log, endpoint, context);
      const failed = checks.some(({ status }) => status === "fail");
      if (flags.json) await context.output.json({ ok: !failed, endpoint, checks });
      else await context.output.write(healthText(checks));
      if (failed) throw new CommandEnded(1);
    });
}

async function examine(log: Tidelog, endpoint: string, { clock }: CommandContext): Promise<readonly HealthCheck[]> {
  try {
    // The first request opens the connection; the second is timed.
    await log.admin.describeServer();
    const askedMs = clock.monotonicMs();
    const server = await log.admin.describeServer();
    const roundTripMs = clock.monotonicMs() - askedMs;
    const aheadMs = server.nowMs - (clock.nowMs() - roundTripMs / 2);
    const versions = {
      client: packageVersion,
      clientNode: process.version,
      server: server.version,
      serverNode: server.runtime,
    };
    const message = `${endpoint} answers in ${roundTripMs.toFixed(1)} ms`;
    return [
      { check: "reachability", status: "ok", message },
      checkVersions(versions),
      checkClock(aheadMs, roundTripMs),
      checkDisk(server.storage),
      checkFormat(server.format),
    ];
  } catch (error) {
    if (!isLogError(error)) throw error;
    const nextStep = explainError(error).line.slice(error.message.length).replace(/^; /, "");
    return [
      { check: "reachability", status: "fail", message: error.message, nextStep },
      { check: "versions", status: "ok", message: `command ${packageVersion} on Node ${process.version}` },
    ];
  }
}
