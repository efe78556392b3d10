/**
 * What the janitor tells CloudWatch, and what alarm and dashboard look at: the age of the oldest commit that a sweep
 * found outside of segments, seconds. It grows where rolling fails, or nobody sweeps.
 */
export declare const tailAgeMetric: {
    readonly namespace: "Tidelog";
    readonly name: "TailAge";
    readonly dimension: "Table";
};
