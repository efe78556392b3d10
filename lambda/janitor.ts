import type { Context } from "aws-lambda";
import { type Call, callWithin, remainingMs } from "../lib/base/call.ts";
import { functionEnvironment } from "./environment.ts";
import { functionRuntime, warmBroker } from "./warm-broker.ts";

const environment = functionEnvironment();
const runtime = functionRuntime(environment);
const broker = warmBroker(environment, runtime);

/** Kept of the invocation's time for its end. */
const END_MS = 5000;
/** Less than this is left: no further piece is begun. */
const PIECE_MS = 10_000;

/** Where the last run of this environment ended. Another one begins anew: that is only slower. */
const places: { retention?: string | undefined; collection?: string | undefined } = {};

/**
 * Invoked by a schedule: what has lain about becomes segments, retention is applied, and what nothing refers to is
 * deleted. Half of the time belongs to each, so that a long sweep does not put collection off for ever.
 */
export async function handler(_event: unknown, context: Context): Promise<void> {
  const { maintenance } = await broker();
  const { clock, logger } = runtime;
  const whole = callWithin(clock, Math.max(0, context.getRemainingTimeInMillis() - END_MS));
  const half = callWithin(clock, remainingMs(clock, whole) / 2, whole);
  places.retention = await inPieces(half, places.retention, async (after, call) => {
    const { next, ...swept } = await maintenance.runRetention({ after }, call);
    logger.info("swept", { ...swept });
    return next;
  });
  places.collection = await inPieces(whole, places.collection, async (after, call) => {
    const { next, ...collected } = await maintenance.runCollection({ after }, call);
    logger.info("collected", { ...collected });
    return next;
  });
}

type Place = string | undefined;

/** Runs piece after piece while there is time. Answers with where to go on; undefined when all is done. */
async function inPieces(call: Call, from: Place, run: (after: Place, call: Call) => Promise<Place>): Promise<Place> {
  let place = await run(from, call);
  while (place !== undefined && remainingMs(runtime.clock, call) > PIECE_MS) place = await run(place, call);
  return place;
}
