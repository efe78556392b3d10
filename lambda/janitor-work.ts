import { type Call, callWithin } from "../lib/base/call.ts";
import { isLogError } from "../lib/base/errors.ts";
import { serviceCallMsDefault } from "../lib/base/limits.ts";
import type { Broker } from "../lib/service/broker.ts";
import { KeptPlace } from "../lib/service/maintenance/kept-place.ts";
import type { Maintenance } from "../lib/service/maintenance/maintenance.ts";

/** What the schedules ask for, each on its own, so that none waits for another. */
export const JANITOR_JOBS = ["retention", "rewriting", "collection", "groups"] as const;
export type JanitorJob = (typeof JANITOR_JOBS)[number];

type Outcome = Readonly<Record<string, unknown>> & { readonly next?: string | undefined };

/** Runs one job from where it was cut off the last time, as far as the call's time goes. Answers with what was done. */
export async function runJanitorJob(
  { maintenance, engine }: Pick<Broker, "maintenance" | "engine">,
  job: JanitorJob,
  call: Call,
): Promise<Outcome> {
  const { items, runtime } = engine.context;
  const brief = (parent?: Call): Call => callWithin(runtime.clock, serviceCallMsDefault, parent);
  const place = await KeptPlace.read(items, job, brief(call));
  try {
    const outcome: Outcome = { ...(await run(maintenance, job, place.after, call)) };
    // Beyond the job's own time: a place that is lost is a way gone in vain.
    await place.keep(outcome.next, brief());
    return outcome;
  } catch (error) {
    // A place that nothing is found by any more must not stop the job for ever.
    if (isLogError(error, "InvalidRequest")) await place.keep(undefined, brief());
    throw error;
  }
}

function run(maintenance: Maintenance, job: JanitorJob, after: string | undefined, call: Call): Promise<object> {
  switch (job) {
    case "retention":
      return maintenance.runRetention({ after }, call);
    case "rewriting":
      return maintenance.runRewriting({ after }, call);
    case "collection":
      return maintenance.runCollection({ after }, call);
    case "groups":
      return maintenance.runGroups({ after }, call);
  }
}
