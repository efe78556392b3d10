import type { LogService } from "../../../lib/api/log-service.ts";
import type { FetchReply } from "../../../lib/api/record-types.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import type { ObjectStore } from "../../../lib/storage/object-store.ts";
import { itemStoreWith } from "./item-store-with.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Rules of what must be there before it is referred to, and of what readers may be told. */
export const byteBugs: readonly PlantedBug[] = [
  {
    name: "put-is-not-waited-for",
    rule: "a staged object is durable before its commit refers to it",
    promises: ["RefLive", "AckDurable", "Liveness"],
    plant: ({ objects, ...parts }) => ({
      ...parts,
      objects: objectStoreWith(objects, {
        put: async (key, bytes, call, options) => {
          objects.put(key, bytes, call, options).catch(() => undefined);
          return "stored";
        },
      }),
    }),
  },
  {
    name: "put-loses-the-end",
    rule: "a stored object has all bytes that were put",
    promises: ["RefLive", "AckDurable", "NoPhantom", "Invariant", "Liveness"],
    plant: ({ objects, ...parts }) => ({
      ...parts,
      objects: objectStoreWith(objects, {
        put: (key, bytes, call, options) => {
          const whole = concatBytes(bytes);
          const kept = key.endsWith(".json") ? whole : whole.subarray(0, whole.byteLength - 8);
          return objects.put(key, [kept], call, options);
        },
      }),
    }),
  },
  {
    name: "staged-item-forged",
    rule: "a staged item whose write has failed is not referred to",
    promises: ["RefLive", "AckDurable", "Liveness"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        update: (key, changes, conditions, call) =>
          items.update(key, changes, conditions, call).catch((error: unknown) => {
            if (key.pk.startsWith("s#") && isLogError(error)) return { ok: true as const, changed: {} };
            throw error;
          }),
        transact: (each, call) =>
          items.transact(each, call).catch((error: unknown) => {
            if (each.some(({ key }) => key.pk.startsWith("s#")) && isLogError(error)) return { ok: true as const };
            throw error;
          }),
      }),
    }),
  },
  {
    name: "reads-are-not-consistent",
    rule: "answers rest on consistent reads",
    promises: ["Monotone", "AckDurable"],
    plant: ({ items, ...parts }) => ({
      ...parts,
      items: itemStoreWith(items, {
        get: (key, call) => items.get(key, call, { consistent: false }),
        getMany: (keys, call) => items.getMany(keys, call, { consistent: false }),
      }),
    }),
  },
  {
    name: "fetch-from-memory",
    rule: "no broker answers from what it remembers of a head",
    promises: ["Monotone", "AckDurable"],
    plantService: (service) => rememberingService(service),
  },
];

export function objectStoreWith(objects: ObjectStore, other: Partial<ObjectStore>): ObjectStore {
  return {
    capabilities: objects.capabilities,
    put: (key, parts, call, options) => objects.put(key, parts, call, options),
    get: (key, call, range) => objects.get(key, call, range),
    list: (prefix, call, options) => objects.list(prefix, call, options),
    delete: (keys, call) => objects.delete(keys, call),
    ...(objects.compose === undefined ? {} : { compose: objects.compose.bind(objects) }),
    ...other,
  };
}

/** Answers every second fetch of a place with what it answered before. */
function rememberingService(service: LogService): LogService {
  const answers = new Map<string, FetchReply>();
  const remembering = Object.create(service) as LogService;
  remembering.fetch = async (context, request) => {
    const place = JSON.stringify(request);
    const remembered = answers.get(place);
    answers.delete(place);
    if (remembered !== undefined) return remembered;
    const reply = await service.fetch(context, request);
    answers.set(place, reply);
    return reply;
  };
  return remembering;
}
