import { loadConfig } from "../../../lib/config/load-config.ts";
import { runServer } from "../../../lib/local/run-server.ts";

/** A server as a process of its own, straight from the source: `node server-process.ts DATA_DIR [PORT [SETTINGS]]`. */
const [, , dataDir, port = "0", settings = "{}"] = process.argv;
const others = JSON.parse(settings) as Record<string, string>;
const { config } = loadConfig({ flags: { dataDir, port, ...others }, environment: {} });
await runServer(config, ({ url }) => console.log(url));
