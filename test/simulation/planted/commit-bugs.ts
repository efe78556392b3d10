import { isLogError, LogError } from "../../../lib/base/errors.ts";
import { isCommit, isKill, itemStoreWith, names, withoutConditions } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Rules of the commit and of what follows when its answer is lost. */
export const commitBugs: readonly PlantedBug[] = [
  {
    name: "commit-ignores-horizon",
    rule: "a commit is refused at or below the horizon, so that a killed attempt never lands",
    promises: ["OnceOnly", "SendOrder", "OffsetUnique", "RefLive", "AckDurable", "NoPhantom"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(parts.items, (each, write) => isCommit(write) && names(each, "horizon")),
    }),
  },
  {
    name: "commit-ignores-producer-value",
    rule: "a commit demands the producer's value that it was decided on",
    promises: ["OnceOnly", "SendOrder", "OffsetUnique"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(parts.items, (each, write) => isCommit(write) && names(each, "producers")),
    }),
  },
  {
    name: "kill-does-not-look",
    rule: "a kill demands the tail base that was examined and the absence of the id",
    promises: ["OnceOnly", "SendOrder", "OffsetUnique", "NoPhantom"],
    plant: (parts) => ({
      ...parts,
      items: withoutConditions(
        parts.items,
        (each, write) => isKill(write) && (names(each, "tailBase") || names(each, "tail")),
      ),
    }),
  },
  {
    name: "unknown-told-as-refused",
    rule: "an operation whose answer was lost may have happened",
    promises: ["NoPhantom", "OnceOnly", "SendOrder"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        update: (key, changes, conditions, call) =>
          items.update(key, changes, conditions, call).catch((error: unknown) => {
            throw isLogError(error) ? new LogError(error.code, error.message, { effect: "none" }) : error;
          }),
      }),
    }),
  },
  {
    name: "store-repeats-updates",
    rule: "an update whose answer was lost is not repeated below the engine",
    promises: ["OnceOnly", "SendOrder", "OffsetUnique", "NoPhantom"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        async update(key, changes, conditions, call) {
          for (let left = 2; ; left--) {
            try {
              return await items.update(key, changes, conditions, call);
            } catch (error) {
              if (left === 0 || !isLogError(error) || error.effect === "none") throw error;
            }
          }
        },
      }),
    }),
  },
];
