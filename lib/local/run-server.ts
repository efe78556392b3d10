import { systemClock } from "../base/system-clock.ts";
import { type RunningServer, type ServerConfig, startServer } from "./start-server.ts";
import { askedToStop } from "./stop-on-signal.ts";
import { tuneServerHeap } from "./tune-server-heap.ts";

/** Serves until the process is asked to stop, then stops cleanly; a second, later signal ends it at once. */
export async function runServer(config: ServerConfig, onStarted: (server: RunningServer) => void): Promise<void> {
  tuneServerHeap();
  const asked = askedToStop(systemClock());
  const server = await startServer(config);
  onStarted(server);
  await asked;
  await server.close();
}
