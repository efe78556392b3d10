import { partitionKeyOf } from "../../../lib/storage/items/partition-sets.ts";
import { TopicAdmin } from "../clients/topic-admin.ts";
import type { GroupTopicStory } from "../groups/group-story.ts";
import { growTopic } from "../groups/grow-topic.ts";
import { MemberSlot } from "../groups/member-slot.ts";
import { groupPlaces } from "../groups/run-groups.ts";
import { SdkProducer } from "../sdk/sdk-producer.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import { SdkGroupMember } from "./sdk-group-member.ts";

const LOOK_EVERY_MS = 500;

/** A group of the product's own consumers: its topics, who fills them, and members that come and go. */
export class SdkGroupRun {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #admin: TopicAdmin;
  readonly #slots: readonly MemberSlot<SdkGroupMember>[];
  #isEnding: boolean = false;

  constructor(world: World) {
    this.#world = world;
    this.#client = world.client("sdk-group-admin");
    this.#admin = new TopicAdmin(world);
    this.#slots = world.story.sdkGroup.members.map(
      (story) =>
        new MemberSlot(world, story, (life) => new SdkGroupMember(world, { story, life, isEnding: this.#ends })),
    );
  }

  /** Its topics are there. Ends some time after faults have stopped, when all is consumed and the members have left. */
  async run(): Promise<void> {
    const { scheduler, story } = this.#world;
    const { topics, producers, stormyMs } = story.sdkGroup;
    await scheduler.sleep(Math.max(0, story.activeMs + story.keyed.longerMs - stormyMs));
    const pause = (ms: number): Promise<void> => scheduler.sleep(ms);
    await Promise.all([
      this.#passTime(),
      ...topics.map((topic) => this.#change(topic)),
      ...producers.map((producer) => new SdkProducer(this.#world, producer, pause).run(this.#ends)),
      ...this.#slots.map((slot) => slot.run(this.#ends)),
    ]);
    await this.#settled();
    await Promise.all(this.#slots.map((slot) => slot.finish()));
  }

  readonly #ends = (): boolean => this.#isEnding;

  /** Members still come and go when nothing else fails: only then much of what they begin gets to its end. */
  async #passTime(): Promise<void> {
    const { scheduler, faults, story } = this.#world;
    while (!faults.stopped) await scheduler.sleep(LOOK_EVERY_MS);
    await scheduler.sleep(story.sdkGroup.calmMs);
    this.#isEnding = true;
  }

  async #change(topic: GroupTopicStory): Promise<void> {
    await Promise.all([this.#admin.churn(topic, this.#ends), growTopic(this.#world, this.#client, topic)]);
  }

  async #settled(): Promise<void> {
    const { scheduler } = this.#world;
    for (const { member } of this.#slots) member?.process.thaw();
    while (this.unsettled().length > 0) await scheduler.sleep(LOOK_EVERY_MS);
  }

  /** Partitions that nobody has, or two; that are not committed up to their end. */
  unsettled(): readonly string[] {
    const { history, sdkGroup, story } = this.#world;
    const told = this.#slots.flatMap(({ member }) => (member === undefined || member.left ? [] : member.told.open));
    return groupPlaces(story.sdkGroup).flatMap(({ topic, partition }) => {
      const known = history.known(topic, partition);
      if (known === undefined) return [];
      const where = `${topic}-${partition}`;
      const users = told.filter((place) => place.topic === topic && place.partition === partition).length;
      if (users !== 1) return [`${where} has ${users} users`];
      const topicId = sdkGroup.groups.topicIdOf(topic);
      const committed = topicId === undefined ? -1 : sdkGroup.groups.committedOf(partitionKeyOf(topicId, partition));
      return Math.max(0, committed) < known.end ? [`${where} is committed up to ${committed} of ${known.end}`] : [];
    });
  }
}

/** When all members have left: every record that was published in a topic's last life was somebody's to work on. */
export function judgeHandled({ history, records, sdkGroup, story }: World): void {
  const topics = new Set(story.sdkGroup.topics.map(({ name }) => name));
  for (const { name, topic, life, outcome } of records.records) {
    if (!topics.has(topic) || outcome.kind !== "published" || sdkGroup.wasHandled(name)) continue;
    if (life === undefined || history.known(topic, 0) !== life) continue;
    const where = `${topic}-${outcome.partition} offset ${outcome.offset}`;
    history.report("AckDurable", `record ${name} was published at ${where}, and no member of the group was given it`);
  }
}
