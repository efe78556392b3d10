import { StoreCounter } from "../adapters/wrappers/store-counts.ts";
import { LogError, messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { packageVersion } from "../config/package-version.ts";
import type { Config } from "../config/settings.ts";
import { createHttpApp } from "../http/app.ts";
import { type HttpServer, type ServeOptions, serve } from "../http/serve.ts";
import { createLogger } from "../observe/logger.ts";
import { createMetrics } from "../observe/metrics.ts";
import { checkExposure } from "./exposure.ts";
import { openLocalBroker } from "./local-broker.ts";
import { openLocalStores } from "./local-stores.ts";
import { ownHostNames } from "./own-host-names.ts";
import { stoppableWaits } from "./stoppable-waits.ts";
import { systemRuntime } from "./system-runtime.ts";

export type ServerConfig = Omit<Config, "endpoint" | "tokenFile" | "sign" | "awsProfile">;

export interface RunningServer {
  /** With the port that was bound, also when 0 was asked for. */
  readonly url: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Finishes the requests under way, then frees the data directory. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the data directory for this process alone and serves the log in it over HTTP. Logs to `logger`, or to
 * stderr as the config says.
 *
 * Fails with `InvalidConfig` for an address that others can reach without token or `insecure`, and for one that
 * cannot be listened on; and as opening the directory does (`StoreLocked`, `StoreFormat`, `StoreForbidden`). What
 * was opened until then is closed again.
 */
export async function startServer(config: ServerConfig, logger = loggerOf(config)): Promise<RunningServer> {
  checkExposure(config);
  const metrics = createMetrics({ version: packageVersion });
  const runtime = await systemRuntime({ logger, meter: metrics.meter });
  const counter = new StoreCounter();
  metrics.show("store", () => counter.snapshot());

  await using opening = new AsyncDisposableStack();
  const stores = await openLocalStores(config, runtime, counter);
  opening.defer(() => stores.close());
  const broker = await openLocalBroker(stores, runtime, config);
  opening.defer(() => broker.close());
  const { service, stopWaiting } = stoppableWaits(broker.service);
  const app = createHttpApp({
    service,
    runtime,
    token: config.token,
    allowHosts: [...ownHostNames(config.host), ...config.allowHost],
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    bodyBytesMax: config.bodyBytesMax,
    bodiesBytesMax: config.bodiesBytesMax,
  });
  const server = await listen({ app, host: config.host, port: config.port, clock: runtime.clock });
  opening.defer(() => server.close());
  opening.defer(stopWaiting);

  const opened = opening.move();
  const { url } = server;
  logger.info("listening", { url, dataDir: stores.location, version: packageVersion });
  let closing: Promise<void> | undefined;
  return { url, dataDir: stores.location, close: () => (closing ??= stop(opened, logger)) };
}

async function stop(opened: AsyncDisposableStack, logger: Logger): Promise<void> {
  logger.info("stopping");
  await opened.disposeAsync();
  logger.info("stopped");
}

function loggerOf({ logLevel, logFormat, token }: ServerConfig): Logger {
  return createLogger({ level: logLevel, format: logFormat, secrets: token === undefined ? [] : [token] });
}

async function listen(options: ServeOptions): Promise<HttpServer> {
  try {
    return await serve(options);
  } catch (error) {
    const { host, port } = options;
    const message = `cannot listen on ${host}:${port}: ${messageOf(error)}; ${howToListen(error)}`;
    throw new LogError("InvalidConfig", message, { details: { host, port }, cause: error });
  }
}

function howToListen(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return "--port 0 takes a free one";
  if (code === "EACCES") return "ports below 1024 may be kept from this user: choose another with --port";
  return "--host takes an address or a name of this machine";
}
