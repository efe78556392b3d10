import { byteBugs } from "./byte-bugs.ts";
import { clientBugs } from "./client-bugs.ts";
import { commitBugs } from "./commit-bugs.ts";
import { engineBugs } from "./engine-bugs.ts";
import { groupBugs } from "./group-bugs.ts";
import { groupClientBugs } from "./group-client-bugs.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { restoreBugs } from "./restore-bugs.ts";
import { rewriteBugs } from "./rewrite-bugs.ts";
import { spillBugs } from "./spill-bugs.ts";
import { upkeepBugs } from "./upkeep-bugs.ts";

/** Every planted bug. */
export const plantedBugs: readonly PlantedBug[] = [
  ...commitBugs,
  ...spillBugs,
  ...byteBugs,
  ...engineBugs,
  ...clientBugs,
  ...upkeepBugs,
  ...rewriteBugs,
  ...groupBugs,
  ...restoreBugs,
  ...groupClientBugs,
];
