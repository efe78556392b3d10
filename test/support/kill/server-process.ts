import { loadConfig } from "../../../lib/config/load-config.ts";
import { runServer } from "../../../lib/local/run-server.ts";

/** A server as a process of its own, straight from the source: `node server-process.ts DATA_DIR [PORT]`. */
const [, , dataDir, port = "0"] = process.argv;
const { config } = loadConfig({ flags: { dataDir, port }, environment: {} });
await runServer(config, ({ url }) => console.log(url));
