import type { Call } from "../../base/call.ts";
import { isLogError } from "../../base/errors.ts";
import { set } from "../../storage/item-change.ts";
import { maintenancePlaceKey } from "../../storage/item-keys.ts";
import type { ItemStore } from "../../storage/item-store.ts";
import type { Item } from "../../storage/item-value.ts";
import { decodeMaintenancePlace, encodeMaintenancePlace } from "../../storage/items/maintenance-place.ts";

const BEGINNING = "";

/**
 * Where a job was cut off, kept in the item store: a scheduled function has no memory, and one that began anew each
 * time would never come to what stands last. Written only when it has changed.
 */
export class KeptPlace {
  readonly #items: ItemStore;
  readonly #job: string;
  #stored: string;

  private constructor(items: ItemStore, job: string, stored: string) {
    this.#items = items;
    this.#job = job;
    this.#stored = stored;
  }

  static async read(items: ItemStore, job: string, call: Call): Promise<KeptPlace> {
    const item = await items.get(maintenancePlaceKey(job), call);
    return new KeptPlace(items, job, item === undefined ? BEGINNING : placeIn(item));
  }

  /** Undefined: from the beginning. */
  get after(): string | undefined {
    return this.#stored === BEGINNING ? undefined : this.#stored;
  }

  async keep(after: string = BEGINNING, call: Call): Promise<void> {
    if (after === this.#stored) return;
    const changes = Object.entries(encodeMaintenancePlace(after)).map(([name, value]) => set([name], value));
    await this.#items.update(maintenancePlaceKey(this.#job), changes, [], call);
    this.#stored = after;
  }
}

/** A place that cannot be read costs nothing but the way from the beginning. */
function placeIn(item: Item): string {
  try {
    return decodeMaintenancePlace(item);
  } catch (error) {
    if (isLogError(error, "CorruptItem", "StoreFormat")) return BEGINNING;
    throw error;
  }
}
