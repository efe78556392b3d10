import { NO_SDK_GROUP } from "./sdk-group/sdk-group-story.ts";
import type { Story } from "./story.ts";

/** What a mix of workloads changes in the story that a seed draws. */
export type Profile = (story: Story) => Story;

const QUIETER = 6;

/**
 * What tests run: all as drawn but the SDK's group consumers. They have profiles of their own until their judgement
 * has been seen to accuse nobody wrongly through some thousands of seeds.
 */
export const mixed: Profile = (story) => ({ ...story, sdkGroup: NO_SDK_GROUP });

/** By name. The others look longer at one part, or take in more. */
export const profiles: Readonly<Record<string, Profile>> = {
  mixed,
  /** All as drawn. */
  whole: (story) => story,
  /** The small clients alone: the most operations per second of CPU. */
  raw: (story) => ({ ...story, sdk: { producers: [], consumers: [] }, sdkGroup: NO_SDK_GROUP }),
  /** The product's own clients alone. */
  sdk: (story) => ({ ...story, producers: [], readers: [] }),
  /** The product's group consumers alone, in those seeds that have any. */
  group: ({ upkeep, keyed, groups, restore, ...story }) => ({
    ...story,
    producers: [],
    readers: [],
    sdk: { producers: [], consumers: [] },
    altered: undefined,
    upkeep: { ...upkeep, topics: [], producers: [] },
    keyed: { ...keyed, topics: [], longerMs: 0 },
    groups: { ...groups, topics: [], producers: [], members: [] },
    restore: { ...restore, happens: false },
  }),
  /** Topics stay as they are, and so do their records: every partition is one list. */
  append: (story) => ({
    ...story,
    topics: story.topics.map((topic) => ({ ...topic, deletedEveryMs: undefined })),
    altered: undefined,
    upkeep: { ...story.upkeep, topics: [], producers: [] },
    groups: { ...story.groups, topics: [], producers: [], members: [] },
    sdkGroup: NO_SDK_GROUP,
    restore: { ...story.restore, happens: false },
  }),
  /** Long pauses: idle tails, old segments, much virtual time. */
  quiet: (story) => ({
    ...story,
    activeMs: story.activeMs * QUIETER,
    producers: story.producers.map((each) => ({ ...each, pauseMs: each.pauseMs * QUIETER })),
    readers: story.readers.map((each) => ({ ...each, pauseMs: each.pauseMs * QUIETER })),
  }),
};
