import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { isLogError, messageOf } from "../../../lib/base/errors.ts";
import type { LanePlace } from "../clients/batch-maker.ts";
import { expectLogError } from "../clients/errors.ts";
import { IdempotentProducer } from "../clients/idempotent-producer.ts";
import { TopicAdmin } from "../clients/topic-admin.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import type { GroupTopicStory } from "./group-story.ts";
import { MemberSlot } from "./member-slot.ts";
import { GROUP_ID } from "./stored-groups.ts";

const LOOK_EVERY_MS = 500;

/** The group of a run: its topic, which grows or is deleted, who fills it, and the members that come and go. */
export class GroupRun {
  readonly #world: World;
  readonly #client: SimulatedProcess;
  readonly #admin: TopicAdmin;
  readonly #slots: readonly MemberSlot[];

  constructor(world: World) {
    const { topics, members } = world.story.groups;
    this.#world = world;
    this.#client = world.client("group-admin");
    this.#admin = new TopicAdmin(world);
    this.#slots = members.map(
      (member) =>
        new MemberSlot(
          world,
          member,
          topics.map(({ name }) => name),
        ),
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
    const { scheduler, history, trace } = this.#world;
    if (topic.partitionsFirst === topic.partitions) return;
    await scheduler.sleep(topic.growsAfterMs);
    while (!(await this.#partitionsCreated(topic))) await scheduler.sleep(500);
    trace.note("group-admin", `${topic.name} has ${topic.partitions} partitions`);
    for (let partition = topic.partitionsFirst; partition < topic.partitions; partition++) {
      history.known(topic.name, partition);
    }
    await this.#produce(topic, topic.partitionsFirst, topic.partitions, stopping);
  }

  async #partitionsCreated({ name, partitions: totalCount }: GroupTopicStory): Promise<boolean> {
    const { history, trace } = this.#world;
    try {
      const grown = await this.#ask((service, context) =>
        service.createPartitions(context, { topics: [{ name, totalCount }] }),
      );
      const answer = grown[0];
      if (answer?.ok === true) return true;
      throw answer?.error ?? new Error("an answer without the topic that was asked for");
    } catch (error) {
      const known = expectLogError(history, `growth of ${name}`, error);
      trace.note("group-admin", `growth of ${name}: ${known?.code} ${known?.message}`);
      // There are as many already: an earlier request of ours has done it.
      return known?.code === "InvalidPartitions";
    }
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
    return groupPlaces(this.#world).flatMap(({ topic, partition }) => {
      const known = history.known(topic, partition);
      if (known === undefined) return [];
      const where = `${topic}-${partition}`;
      const uses = members.flatMap((member) => member.usesOf(topic, partition));
      if (uses.length !== 1) return [`${where} has ${uses.length} users`];
      const committed = Math.max(0, uses[0]?.committed ?? 0);
      return committed < known.end ? [`${where} is committed up to ${committed} of ${known.end}`] : [];
    });
  }

  #ask<Answer>(invoke: (service: LogService, context: RequestContext) => Promise<Answer>): Promise<Answer> {
    const { network, cluster } = this.#world;
    return network.call({ client: this.#client, endpoint: cluster.anyEndpoint(), timeoutMs: 15_000, invoke });
  }
}

export function groupPlaces({ story }: Pick<World, "story">): LanePlace[] {
  return story.groups.topics.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
  );
}

/** When all members have left: what they committed is still there, up to the end of each partition. */
export async function judgeGroup(world: World, service: LogService, context: () => RequestContext): Promise<void> {
  const { history } = world;
  for (const { topic, partition } of groupPlaces(world)) {
    const known = history.known(topic, partition);
    if (known === undefined || known.end === 0) continue;
    const where = `${topic}-${partition}`;
    try {
      const reply = await service.fetchOffsets(context(), { groupId: GROUP_ID, partitions: [{ topic, partition }] });
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
