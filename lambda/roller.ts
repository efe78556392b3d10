import type { Context } from "aws-lambda";
import * as z from "zod";
import { rollPartitions } from "../lib/aws/roll-partitions.ts";
import { callWithin } from "../lib/base/call.ts";
import { functionEnvironment } from "./environment.ts";
import { functionRuntime, warmBroker } from "./warm-broker.ts";

const environment = functionEnvironment();
const runtime = functionRuntime(environment);
const broker = warmBroker(environment, runtime);

const eventSchema = z.object({
  partitions: z.array(z.object({ topic: z.string().min(1), partition: z.number().int().min(0) })),
});

/** Kept of the invocation's time for its end. */
const END_MS = 5000;

/** Makes segments of the partitions named. Invoked asynchronously: Lambda tries again what it throws. */
export async function handler(event: unknown, context: Context): Promise<{ readonly bytes: number }> {
  const { partitions } = eventSchema.parse(event);
  const { engine } = await broker();
  const call = callWithin(runtime.clock, Math.max(0, context.getRemainingTimeInMillis() - END_MS));
  const bytes = await rollPartitions(engine, partitions, call);
  runtime.logger.info("rolled", { partitions: partitions.length, bytes });
  return { bytes };
}
