import type { Call } from "../../lib/base/call.ts";

/** A call with all the time in the world. */
export const testCall: Call = { deadlineMs: Number.POSITIVE_INFINITY };
