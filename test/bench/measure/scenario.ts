import type { Table } from "./table.ts";

export interface Scale {
  /** Everything once and small: shows that the bench works, measures nothing. */
  readonly quick: boolean;
  /** A directory on the disk to be measured; the scenario's own. */
  readonly directory: string;
}

export interface Scenario {
  readonly name: string;
  run(scale: Scale): Promise<readonly Table[]>;
}
