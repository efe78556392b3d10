/**
 * How long the suites that could go on for ever shall go on: `quick` in `npm test`, `short` in `.ci/run`, `full` in
 * `npm run soak`. Only the amount of work may depend on it, never what is checked.
 */
export type TestLength = "quick" | "short" | "full";

const wanted = process.env.TIDELOG_TEST_LENGTH ?? "quick";
if (wanted !== "quick" && wanted !== "short" && wanted !== "full") {
  throw new Error(`TIDELOG_TEST_LENGTH is ${wanted}: expected quick, short or full`);
}

export const testLength: TestLength = wanted;

/**
 * The amount that goes with the length of this run.
 *
 * @example
 * const seeds = byLength({ quick: 20, short: 300, full: 5000 });
 */
export function byLength<Amount>(amounts: Readonly<Record<TestLength, Amount>>): Amount {
  return amounts[testLength];
}
