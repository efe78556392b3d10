import { type Load, measureLoad } from "./load.ts";

/** One load in a process of its own: `node load-process.ts JSON`; the result goes to stdout. */
const load = JSON.parse(process.argv[2] ?? "") as Load;
process.stdout.write(JSON.stringify(await measureLoad(load)));
