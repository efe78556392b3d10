import type { Context } from "aws-lambda";
import * as z from "zod";
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

const eventSchema = z.object({ work: z.enum(["retention", "collection"]) });

/** Where the last run of this environment ended. Another one begins anew: that is only slower. */
const places: { retention?: Place; collection?: Place } = {};

/**
 * Invoked by two schedules: what has lain about becomes segments and retention is applied; and, less often since it
 * lists the bucket, what nothing refers to is deleted.
 */
export async function handler(event: unknown, context: Context): Promise<void> {
  const { work } = eventSchema.parse(event);
  const { maintenance } = await broker();
  const { clock, logger } = runtime;
  const call = callWithin(clock, Math.max(0, context.getRemainingTimeInMillis() - END_MS));
  places[work] = await inPieces(call, places[work], async (after, piece) => {
    const { next, ...done } =
      work === "retention"
        ? await maintenance.runRetention({ after }, piece)
        : await maintenance.runCollection({ after }, piece);
    logger.info(`${work} has run`, { ...done });
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
