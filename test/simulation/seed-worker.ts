import { parentPort } from "node:worker_threads";
import { present } from "../../lib/base/assert.ts";
import { plantedBugs } from "./planted/planted-bugs.ts";
import { profiles } from "./profiles.ts";
import type { SeedJob, SeedSummary } from "./seed-pool.ts";
import { simulate } from "./simulation.ts";
import { brokerStarter, optionsOf } from "./start-broker.ts";

/** Runs the seeds that a pool gives to this thread, one after the other. */
const port = present(parentPort, "the pool that has started this thread");

// Where an error came from is for the replay of one seed; most errors here are meant.
Error.stackTraceLimit = 0;
port.on("message", (job: SeedJob) => {
  void run(job).then((summary) => port.postMessage(summary));
});

async function run({ seed, bug: name, profile, without }: SeedJob): Promise<SeedSummary> {
  const bug = plantedBugs.find((each) => each.name === name);
  const edit = present(profiles[profile], `the profile ${profile}`);
  const options = { edit, without, traced: false, ...optionsOf(bug) };
  const {
    trace: _trace,
    story: _story,
    operationsOnLog: _log,
    ...summary
  } = await simulate(seed, brokerStarter(bug), options);
  return summary;
}
