/** Runs `work` over portions of a list, one portion after another, and joins the answers in order. */
export async function inPortions<Each, Answer>(
  all: readonly Each[],
  size: number,
  work: (portion: readonly Each[]) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < all.length; at += size) answers.push(...(await work(all.slice(at, at + size))));
  return answers;
}
