/**
 * What the janitor tells CloudWatch, and what alarm and dashboard look at: the age of the oldest commit that a sweep
 * found outside of segments, seconds. It grows where rolling fails, or nobody sweeps.
 */
export const tailAgeMetric = { namespace: "Tidelog", name: "TailAge", dimension: "Table" };
