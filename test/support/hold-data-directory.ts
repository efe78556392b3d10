import { openDataDirectory } from "../../lib/adapters/embedded/data-directory.ts";

// A process of its own that opens the data directory named on its command line, and holds it until killed.
await openDataDirectory(process.argv[2] as string);
process.stdout.write("open\n");
setInterval(() => undefined, 60_000);
