import { restoreData } from "../../../lib/local/restore-data.ts";

/** A restore as a process of its own: `node restore-process.ts DATA_DIR`. Prints a line for each partition. */
const [, , dataDir = ""] = process.argv;
const { complete } = await restoreData(dataDir, {
  onProgress: ({ topic, partition }) => console.log(`${topic} ${partition}`),
});
console.log(complete ? "complete" : "stopped");
