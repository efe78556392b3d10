/** Counts what happens, under dotted names ("log.commit", "log.spill"); `observe` adds a measured value. */
export interface Meter {
  count(name: string, by?: number): void;
  observe(name: string, value: number): void;
}

export const silentMeter: Meter = { count() {}, observe() {} };
