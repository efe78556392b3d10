import type { Readable } from "node:stream";
import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/system-clock.ts";
import { Notices } from "./notices.ts";
import { Output } from "./output.ts";

/** What a command has of the world besides the log: its three streams and the time. */
export interface CommandContext {
  readonly clock: Clock;
  /** stdout: results and nothing else. */
  readonly output: Output;
  /** stderr: everything else. */
  readonly notices: Notices;
  /** stdin, touched only by who reads it: a stream that was looked at keeps the process alive. */
  readonly input: () => Readable;
}

export function processContext(): CommandContext {
  return {
    clock: systemClock(),
    output: new Output(process.stdout),
    notices: new Notices(process.stderr),
    input: () => process.stdin,
  };
}
