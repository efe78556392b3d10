import { LogError } from "../../base/errors.ts";
import type { Assignor } from "./assignor.ts";
import { assignByRange } from "./range.ts";
import { assignUniformly } from "./uniform.ts";

const ASSIGNORS = { uniform: assignUniformly, range: assignByRange } as const satisfies Record<string, Assignor>;

export type AssignorName = keyof typeof ASSIGNORS;
export const DEFAULT_ASSIGNOR: AssignorName = "uniform";

function isAssignorName(name: string): name is AssignorName {
  return Object.hasOwn(ASSIGNORS, name);
}

/** `UnsupportedAssignor` unless there is one of that name. */
export function checkAssignor(name: string): void {
  if (isAssignorName(name)) return;
  const known = Object.keys(ASSIGNORS);
  throw new LogError("UnsupportedAssignor", `there is no assignor ${name.slice(0, 100)}: use ${known.join(" or ")}`, {
    details: { assignors: known },
  });
}

export function assignorOf(name: string): Assignor {
  return ASSIGNORS[isAssignorName(name) ? name : DEFAULT_ASSIGNOR];
}

/** The assignor that most members vote for (KIP-848); members without a wish do not vote. */
export function chooseAssignor(votes: Iterable<string | undefined>): AssignorName {
  const counts = new Map<AssignorName, number>();
  for (const vote of votes) {
    if (vote !== undefined && isAssignorName(vote)) counts.set(vote, (counts.get(vote) ?? 0) + 1);
  }
  let chosen: AssignorName = DEFAULT_ASSIGNOR;
  for (const [name, count] of counts) if (count > (counts.get(chosen) ?? 0)) chosen = name;
  return chosen;
}
