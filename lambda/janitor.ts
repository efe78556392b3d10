import type { Context } from "aws-lambda";
import * as z from "zod";
import { callWithin } from "../lib/base/call.ts";
import { functionEnvironment } from "./environment.ts";
import { JANITOR_JOBS, runJanitorJob } from "./janitor-work.ts";
import { tailAgeLine } from "./tail-age-line.ts";
import { functionRuntime, warmBroker } from "./warm-broker.ts";

const environment = functionEnvironment();
const runtime = functionRuntime(environment);
const broker = warmBroker(environment, runtime);

/** Kept of the invocation's time for its end. */
const END_MS = 10_000;

const eventSchema = z.object({ work: z.enum(JANITOR_JOBS) });

/** Invoked by a schedule for each job: what lies about is rolled and retained, merged and compacted, and collected. */
export async function handler(event: unknown, context: Context): Promise<void> {
  const { work } = eventSchema.parse(event);
  const opened = await broker();
  const { clock, logger } = runtime;
  const call = callWithin(clock, Math.max(0, context.getRemainingTimeInMillis() - END_MS));
  const done = await runJanitorJob(opened, work, call);
  logger.info(`${work} has run`, done);
  if (environment.metrics && typeof done.tailAgeMs === "number") {
    const { table } = environment.storage;
    process.stdout.write(tailAgeLine({ table, ageMs: done.tailAgeMs, nowMs: clock.nowMs() }));
  }
}
