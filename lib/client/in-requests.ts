import { requestPartitionsMax } from "../base/limits.ts";

/** Asks for any number of partitions, in as many requests as they need, one after the other; answers in order. */
export async function inRequests<Asked, Answer>(
  all: readonly Asked[],
  ask: (some: readonly Asked[]) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < all.length; at += requestPartitionsMax) {
    answers.push(...(await ask(all.slice(at, at + requestPartitionsMax))));
  }
  return answers;
}
