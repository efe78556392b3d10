import type { Command } from "commander";
import type { Clock } from "../base/clock.ts";
import { isLogError } from "../base/errors.ts";
import { type ServerDescription, Tidelog } from "../client/index.ts";
import { remoteService } from "../client/remote-service.ts";
import type { CommandContext } from "./command-context.ts";
import { addSettingOptions, CLIENT_SETTINGS, configOf } from "./config-options.ts";
import { outageNotices } from "./outage-notices.ts";
import { remoteAddress } from "./remote-address.ts";
import { watchedService } from "./watched-service.ts";

/** How long a command that rides out restarts waits for a server that is not there at its start. */
const firstContactMs = 10_000;
const firstContactPauseMs = 250;

/** What the flags of `addClientOptions` come to. */
export interface ClientFlags {
  readonly endpoint?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly sign?: string | undefined;
  readonly awsProfile?: string | undefined;
  readonly configFile?: string | undefined;
}

/** A server that has answered. */
export interface Client {
  readonly log: Tidelog;
  readonly endpoint: string;
  readonly server: ServerDescription;
}

export function addClientOptions(command: Command): Command {
  return addSettingOptions(command, CLIENT_SETTINGS);
}

/**
 * Works with the server that the settings name. One that does not answer fails the command at once, instead of
 * after the SDK's retries: most likely it was never started.
 */
export async function withClient<T>(flags: ClientFlags, work: (client: Client) => Promise<T>): Promise<T> {
  const address = remoteAddress(configOf({ ...flags }).config);
  const { endpoint } = address;
  await using log = new Tidelog({ ...address, clientId: "tidelog-cli" });
  const server = await log.admin.describeServer();
  return await work({ log, endpoint, server });
}

/** As `withClient`, for work that outlives restarts of the server: says when it is away, and waits for it. */
export async function withPatientClient<T>(
  flags: ClientFlags,
  context: CommandContext,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { clock, notices } = context;
  const address = remoteAddress(configOf({ ...flags }).config);
  const { endpoint } = address;
  const http = remoteService(address, clock);
  await using log = new Tidelog({
    service: watchedService(http, outageNotices(endpoint, notices)),
    onClose: () => http.close(),
    clientId: "tidelog-cli",
  });
  const server = await firstContact(log, clock);
  return await work({ log, endpoint, server });
}

async function firstContact(log: Tidelog, clock: Clock): Promise<ServerDescription> {
  const deadlineMs = clock.monotonicMs() + firstContactMs;
  while (true) {
    try {
      return await log.admin.describeServer();
    } catch (error) {
      if (!isLogError(error, "NetworkException") || clock.monotonicMs() > deadlineMs) throw error;
      await clock.sleep(firstContactPauseMs);
    }
  }
}
