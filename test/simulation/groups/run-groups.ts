import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { isLogError, messageOf } from "../../../lib/base/errors.ts";
import type { LanePlace } from "../clients/batch-maker.ts";
import { IdempotentProducer } from "../clients/idempotent-producer.ts";
import { TopicAdmin } from "../clients/topic-admin.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import { GroupMember } from "./group-member.ts";
import type { GroupTopicStory } from "./group-story.ts";
import { growTopic } from "./grow-topic.ts";
import { MemberSlot } from "./member-slot.ts";

const LOOK_EVERY_MS = 500;

/** The group of a run: its topic, which grows or is deleted, who fills it, and the members that come and go. */
export class GroupRun {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #admin: TopicAdmin;
  readonly #slots: readonly MemberSlot<GroupMember>[];

  constructor(world: World) {
    const { topics, members } = world.story.groups;
    this.#world = world;
    this.#client = world.client("group-admin");
    this.#admin = new TopicAdmin(world);
    const names = topics.map(({ name }) => name);
    this.#slots = members.map(
      (member) => new MemberSlot(world, member, (life) => new GroupMember(world, member, life, names)),
    );
  }

  /** Ends when faults have stopped, all is consumed, and the members have left. */
  async run(stopping: () => boolean): Promise<void> {
    const { topics } = this.#world.story.groups;
    const filling = topics.map((topic) => this.#fill(topic, stopping));
    await Promise.all([...filling, ...this.#slots.map((slot) => slot.run(stopping))]);
    await this.#settled();
    await Promise.all(this.#slots.map((slot) => slot.finish()));
  }

  async #fill(topic: GroupTopicStory, stopping: () => boolean): Promise<void> {
    await this.#admin.create({ ...topic, partitions: topic.partitionsFirst });
    await Promise.all([
      this.#admin.churn(topic, stopping),
      this.#produce(topic, 0, topic.partitionsFirst, stopping),
      this.#grow(topic, stopping),
    ]);
  }

  async #produce(topic: GroupTopicStory, from: number, to: number, stopping: () => boolean): Promise<void> {
    const { producers } = this.#world.story.groups;
    const lanes = producers.flatMap((story) => {
      const producer = new IdempotentProducer(this.#world, { ...story, name: `${story.name}-${from}` });
      return Array.from({ length: to - from }, (_, at) =>
        producer.run({ topic: topic.name, partition: from + at }, stopping),
      );
    });
    await Promise.all(lanes);
  }

  /** Its new partitions begin to fill as soon as they are there. */
  async #grow(topic: GroupTopicStory, stopping: () => boolean): Promise<void> {
    if (!(await growTopic(this.#world, this.#client, topic))) return;
    await this.#produce(topic, topic.partitionsFirst, topic.partitions, stopping);
  }

  /** Every partition has one user, and all that is known of it is committed. */
  async #settled(): Promise<void> {
    const { scheduler, faults } = this.#world;
    while (!faults.stopped) await scheduler.sleep(LOOK_EVERY_MS);
    for (const { member } of this.#slots) member?.process.thaw();
    // For longer than a session, so that nobody who is alive is taken for dead at the end of it.
    const staysMs = this.#world.story.groups.sessionTimeoutMs * 1.2;
    for (let settledMs = 0; settledMs < staysMs; settledMs += LOOK_EVERY_MS) {
      await scheduler.sleep(LOOK_EVERY_MS);
      if (this.unsettled().length > 0) settledMs = 0;
    }
  }

  /** What still stands in the way, for whoever reports it. */
  unsettled(): readonly string[] {
    const { history } = this.#world;
    const members = this.#slots.flatMap(({ member }) => (member === undefined || member.left ? [] : [member]));
    return groupPlaces(this.#world.story.groups).flatMap(({ topic, partition }) => {
      const known = history.known(topic, partition);
      if (known === undefined) return [];
      const where = `${topic}-${partition}`;
      const uses = members.flatMap((member) => member.usesOf(topic, partition));
      if (uses.length !== 1) return [`${where} has ${uses.length} users`];
      const committed = Math.max(0, uses[0]?.committed ?? 0);
      return committed < known.end ? [`${where} is committed up to ${committed} of ${known.end}`] : [];
    });
  }
}

export function groupPlaces({ topics }: { readonly topics: readonly GroupTopicStory[] }): LanePlace[] {
  return topics.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
  );
}

/** When all members have left: what they committed is still there, up to the end of each partition. */
export async function judgeGroup(
  world: World,
  { groupId, places }: { readonly groupId: string; readonly places: readonly LanePlace[] },
  service: LogService,
  context: () => RequestContext,
): Promise<void> {
  const { history } = world;
  for (const { topic, partition } of places) {
    const known = history.known(topic, partition);
    if (known === undefined || known.end === 0) continue;
    const where = `${topic}-${partition}`;
    try {
      const reply = await service.fetchOffsets(context(), { groupId, partitions: [{ topic, partition }] });
      const answer = reply.partitions[0];
      if (answer?.ok !== true) throw answer?.error ?? new Error("an answer without the partition");
      if (answer.offset < known.end) {
        history.report("AckDurable", `${where}: ${known.end} was committed, and in the end it is ${answer.offset}`);
      }
    } catch (error) {
      if (!isLogError(error)) throw error;
      history.report("AckDurable", `${where}: the group's offset cannot be read without faults: ${messageOf(error)}`);
    }
  }
}
