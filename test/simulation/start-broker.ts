import { RetryingItemStore } from "../../lib/adapters/wrappers/retrying-item-store.ts";
import { RetryingObjectStore } from "../../lib/adapters/wrappers/retrying-object-store.ts";
import { defaultGroupSettings, type GroupSettings } from "../../lib/groups/group-settings.ts";
import { billedLogSettings } from "../../lib/log/log-settings.ts";
import { openBroker } from "../../lib/service/broker.ts";
import { defaultBrokerSettings } from "../../lib/service/broker-settings.ts";
import type { BrokerParts, StartBroker } from "./cluster.ts";
import type { PlantedBug } from "./planted/planted-bug.ts";
import type { SimulateOptions } from "./simulation.ts";
import type { Story } from "./story.ts";

/** Starts the product's broker, with a planted bug around its ports or its service when there is one. */
export function brokerStarter(bug?: PlantedBug): StartBroker {
  return async (parts, story) => {
    const planted = bug?.plant?.(parts) ?? parts;
    const broker = await openBroker({
      ...(story.retrying ? retrying(planted) : planted),
      settings: {
        ...defaultBrokerSettings,
        autoCreateTopics: false,
        log: logSettings(story),
        maintenance: { ...story.upkeep, groupsEveryMs: story.groups.keptEveryMs },
        groups: groupSettings(story),
      },
    });
    return bug?.plantService?.(broker.service) ?? broker.service;
  };
}

/** As the product composes them; deadlines are kept by the simulated stores themselves. */
function retrying(parts: BrokerParts): BrokerParts {
  return {
    ...parts,
    objects: new RetryingObjectStore(parts.objects, parts.runtime),
    items: new RetryingItemStore(parts.items, parts.runtime),
  };
}

/** What `simulate` does besides when there is a planted bug. */
export function optionsOf(bug?: PlantedBug): SimulateOptions {
  return {
    ...(bug?.plantClient === undefined ? {} : { clientService: bug.plantClient }),
    ...(bug?.plantRestore === undefined ? {} : { restoreParts: bug.plantRestore }),
  };
}

function groupSettings({ groups }: Story): GroupSettings {
  const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = groups;
  return { ...defaultGroupSettings, sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs };
}

function logSettings({ limits, upkeep, keyed }: Story) {
  return {
    ...billedLogSettings,
    placement: { inlineBytesMax: limits.inlineBytesMax, stagedItemBytesMax: limits.stagedItemBytesMax },
    tail: {
      entriesSoftMax: limits.tailEntriesSoft,
      entriesHardMax: limits.tailEntriesHard,
      bytesSoftMax: limits.tailBytesSoft,
      bytesHardMax: billedLogSettings.tail.bytesHardMax,
    },
    producers: { softMax: limits.headProducersSoft, hardMax: billedLogSettings.producers.hardMax },
    roll: { bytes: limits.rollBytes, ageMs: limits.rollAgeMs },
    lingerMs: limits.lingerMs,
    collectionAgeMs: upkeep.collectionAgeMs,
    merge: upkeep.merge,
    compactionKeysBytesMax: keyed.keysBytesMax,
  };
}
