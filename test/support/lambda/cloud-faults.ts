import type { FunctionEnvironments } from "./function-environments.ts";
import type { LambdaCloud } from "./lambda-cloud.ts";

export interface CloudFaultOptions {
  /** Mean numbers of invocations between kills, and between freezes in the middle of one. */
  readonly invocationsPerKill: number;
  readonly invocationsPerFreeze: number;
  /** Most freezes are short; one in eight lasts this long, which should be beyond the API's time. */
  readonly freezeMsMax: number;
  /** Right after each kill in the middle of an invocation. */
  readonly onKill?: () => void;
}

export interface CloudFaults {
  stop(): void;
}

/** More often than clients send requests, so that it is all the same when one looks. */
const LOOK_MS = 20;
const LONG_SHARE = 1 / 8;
const SHORT_FREEZE_MS_MAX = 2000;
const BUSY_KILLS_SHARE = 0.75;

/**
 * Kills and freezes environments of all functions at random until told to stop: by the number of invocations, so
 * that a slow machine has as much done between two faults as a fast one.
 */
export function startCloudFaults(cloud: LambdaCloud, options: CloudFaultOptions): CloudFaults {
  const kill = (functions: FunctionEnvironments): boolean => {
    const which = Math.random() < BUSY_KILLS_SHARE ? "busy" : "idle";
    const isKilled = functions.kill(which);
    if (isKilled && which === "busy") options.onKill?.();
    return isKilled;
  };
  const freeze = (functions: FunctionEnvironments): boolean => functions.freeze(freezeMs(options.freezeMsMax));
  const faults = [
    { act: kill, every: options.invocationsPerKill, dueAt: options.invocationsPerKill },
    { act: freeze, every: options.invocationsPerFreeze, dueAt: options.invocationsPerFreeze },
  ];
  const looking = setInterval(() => {
    const { invocations } = cloud.counts();
    for (const fault of faults) {
      if (invocations < fault.dueAt || !fault.act(anyOf(cloud))) continue;
      fault.dueAt = invocations + Math.random() * 2 * fault.every;
    }
  }, LOOK_MS);
  return { stop: () => clearInterval(looking) };
}

function freezeMs(max: number): number {
  return Math.random() < LONG_SHARE ? max : Math.random() * Math.min(max, SHORT_FREEZE_MS_MAX);
}

/** The API's function most of the time: it is where the clients are. */
function anyOf({ api, functions }: LambdaCloud): FunctionEnvironments {
  const all = [...functions.values()];
  return Math.random() < 0.6 ? api : (all[Math.floor(Math.random() * all.length)] ?? api);
}
