import { loadConfig } from "../../lib/config/load-config.ts";
import { runServer } from "../../lib/local/run-server.ts";

/** A server as a process of its own, straight from the source: `node server-process.ts DATA_DIR`, on a free port. */
const { config } = loadConfig({ flags: { dataDir: process.argv[2], port: "0" }, environment: {} });
await runServer(config, ({ url }) => console.log(url));
