import type {
  AssignedTopic,
  CommitOffsetsReply,
  GroupHeartbeatReply,
  OwnedTopic,
} from "../../../lib/api/group-types.ts";
import { MEMBER_AWAY, MEMBER_JOINS, MEMBER_LEAVES, NO_OFFSET } from "../../../lib/api/group-types.ts";
import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { isLogError } from "../../../lib/base/errors.ts";
import type { TopicId } from "../../../lib/base/ids.ts";
import { endOffsetOf, readBatchHeader } from "../../../lib/records/batch-header.ts";
import { splitBatches } from "../../../lib/records/split-batches.ts";
import { type PartitionKey, partitionKeyOf } from "../../../lib/storage/items/partition-sets.ts";
import { expectLogError } from "../clients/errors.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import type { MemberStory } from "./group-story.ts";
import { GROUP_ID, signatureOf } from "./stored-groups.ts";

const TIMEOUT_MS = 6000;
const HURRIED_PAUSE_MS = 40;
const LEAVING_ATTEMPTS = 3;
/** Mean ms after which a request that goes out twice arrives again: often when its answer is long forgotten. */
const TWICE_AFTER_MS = 3000;
/** Brokers that a request is tried with when they refuse the connection, and mean ms between them. */
const ASKED_MAX = 5;
const REFUSED_PAUSE_MS = 30;
/** After these a member has nothing any more, and joins anew. */
const FENCED = ["FencedMemberEpoch", "UnknownMemberId", "GroupIdNotFound"];

type Invoke<Answer> = (service: LogService, context: RequestContext) => Promise<Answer>;

/** A partition that the member may use. */
interface Use {
  readonly key: PartitionKey;
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** Next to handle; undefined until the group's offset is known. */
  position: number | undefined;
  committed: number;
}

/** One life of a correct member: heartbeats, handles records in order, commits what it has handled. */
export class GroupMember {
  readonly name: string;
  readonly memberId: string;
  readonly process: SimulatedProcess;
  epoch = MEMBER_JOINS;
  readonly #world: World;
  readonly #story: MemberStory;
  readonly #topics: readonly string[];
  readonly #random: SeededRandom;
  readonly #uses = new Map<PartitionKey, Use>();
  #sequence = 0;
  #commits = 0;
  #heartbeatAtMs = 0;
  #left: boolean = false;
  /** Whether there was nothing new when it last looked. */
  #idle: boolean = false;
  #heardAtMs = 0;
  /** For that it has its own time, which a slow request may exceed. */
  #lettingGo: boolean = false;
  /** Since when its heartbeats are answered without faults. */
  #calmSinceMs: number | undefined;
  #leaving: typeof MEMBER_LEAVES | typeof MEMBER_AWAY | undefined;

  constructor(world: World, story: MemberStory, life: number, topics: readonly string[]) {
    this.#world = world;
    this.#story = story;
    this.#topics = topics;
    this.name = `${story.name}.${life}`;
    this.memberId = this.name;
    this.process = world.client(this.name);
    this.#random = world.fork(this.name);
    this.process.onCrash(() => this.#giveUp());
  }

  /** Whether it has ended its run. */
  get left(): boolean {
    return this.#left;
  }

  /** Its uses of a partition, whatever life of the topic, and how far each is committed. */
  usesOf(topic: string, partition: number): readonly { readonly committed: number }[] {
    return [...this.#uses.values()].filter((use) => use.topic === topic && use.partition === partition);
  }

  /** Asks it to leave when it has finished what it is at. */
  leave({ comesBack }: { readonly comesBack: boolean }): void {
    this.#leaving = comesBack ? MEMBER_AWAY : MEMBER_LEAVES;
  }

  /** Ends when it has left; never for one that crashes. */
  async run(): Promise<void> {
    const { clock } = this.process.runtime;
    while (this.#leaving === undefined) {
      await clock.sleep(this.#nextPauseMs());
      if (clock.monotonicMs() >= this.#heartbeatAtMs) await this.#heartbeat();
      await this.#work();
    }
    for (const use of this.#uses.values()) await this.#commit(use);
    this.#giveUp();
    for (let attempt = 0; attempt < LEAVING_ATTEMPTS && this.epoch > 0; attempt++)
      await this.#sayGoodbye(this.#leaving);
    this.#left = true;
  }

  #nextPauseMs(): number {
    const { heartbeatIntervalMs } = this.#world.story.groups;
    if (!this.#hurries) return this.#random.around(this.#story.pauseMs);
    return this.#idle ? heartbeatIntervalMs * (0.5 + this.#random.fraction() / 2) : HURRIED_PAUSE_MS;
  }

  /** When faults have stopped, all that is left is consumed. */
  get #hurries(): boolean {
    return this.#world.faults.stopped;
  }

  async #heartbeat(): Promise<void> {
    const { clock } = this.process.runtime;
    const { heartbeatIntervalMs } = this.#world.story.groups;
    this.#heartbeatAtMs = clock.monotonicMs() + heartbeatIntervalMs;
    const joins = this.epoch === MEMBER_JOINS;
    try {
      const calm = this.#hurries && this.#world.cluster.allUp();
      const reply = await this.#beat(this.epoch, joins || this.#random.chance(0.1) ? this.#topics : undefined);
      this.epoch = reply.memberEpoch;
      if (calm) this.#calmSinceMs ??= clock.monotonicMs();
      this.#heardAtMs = clock.monotonicMs();
      this.#lettingGo = false;
      if (reply.assignment !== undefined) await this.#apply(reply.assignment);
    } catch (error) {
      this.#judge("heartbeat", error);
    }
  }

  #beat(memberEpoch: number, topics: readonly string[] | undefined): Promise<GroupHeartbeatReply> {
    const { memberId } = this;
    const { instanceId, assignor } = this.#story;
    const { rebalanceTimeoutMs } = this.#world.story.groups;
    const sequence = ++this.#sequence;
    const owned = ownedOf(this.#uses.values());
    const own = { groupId: GROUP_ID, memberId, memberEpoch, instanceId, sequence, owned, assignor };
    return this.#ask((service, context) => service.groupHeartbeat(context, { ...own, rebalanceTimeoutMs, topics }));
  }

  /** What it is to let go of is committed first; the next heartbeat, at once, says that it is free. */
  async #apply(assignment: readonly AssignedTopic[]): Promise<void> {
    const assigned = new Map<PartitionKey, Use>();
    for (const { topic, topicId, partitions } of assignment) {
      for (const partition of partitions) {
        const key = partitionKeyOf(topicId as TopicId, partition);
        assigned.set(key, { key, topic, topicId, partition, position: undefined, committed: NO_OFFSET });
      }
    }
    for (const [key, use] of assigned) {
      if (this.#uses.has(key)) continue;
      this.#uses.set(key, use);
      this.#world.groups.begins(this, key);
    }
    this.#world.trace.note(this.name, `epoch ${this.epoch}, has ${[...assigned.keys()].join(" ")}`);
    for (const use of [...this.#uses.values()]) {
      if (assigned.has(use.key)) continue;
      this.#lettingGo = true;
      await this.#commit(use);
      this.#drop(use);
      this.#heartbeatAtMs = 0;
    }
  }

  async #work(): Promise<void> {
    if (this.#uses.size === 0) return;
    const use = this.#random.pick([...this.#uses.values()]);
    try {
      if (use.position === undefined) await this.#findPosition(use);
      else await this.#handleSome(use, use.position);
    } catch (error) {
      this.#judge(`work on ${use.key}`, error);
    }
    const commits = this.#hurries || this.#random.chance(this.#story.commitChance);
    if (commits && this.#uses.has(use.key)) await this.#commit(use);
  }

  async #findPosition(use: Use): Promise<void> {
    const { groups } = this.#world;
    const { memberId, epoch: memberEpoch } = this;
    const { key, topic, partition } = use;
    const before = groups.committedOf(key);
    const request = { groupId: GROUP_ID, memberId, memberEpoch, partitions: [{ topic, partition }] };
    const reply = await this.#ask((service, context) => service.fetchOffsets(context, request));
    const answer = reply.partitions[0];
    if (answer?.ok !== true) throw answer?.error ?? new Error("an answer without the partition that was asked for");
    if (answer.topicId !== use.topicId) return;
    groups.told(this.name, key, answer.offset, before);
    use.position = Math.max(0, answer.offset);
    use.committed = answer.offset;
  }

  async #handleSome(use: Use, offset: number): Promise<void> {
    const { topic, partition } = use;
    const { fetchBytes: maxBytes } = this.#story;
    const reply = await this.#ask((service, context) =>
      service.fetch(context, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes,
        isolation: "read_uncommitted",
        partitions: [{ topic, partition, offset, maxBytes }],
      }),
    );
    const answer = reply.partitions[0];
    if (answer?.ok !== true) throw answer?.error ?? new Error("an answer without the partition that was asked for");
    const last = splitBatches(concatBytes(answer.records)).at(-1);
    this.#idle = last === undefined;
    if (last === undefined) return;
    const next = endOffsetOf(readBatchHeader(last));
    this.#world.groups.handled(this, use.key, offset, next);
    use.position = next;
  }

  /** Of several whose outcome it does not know, none may take effect after the newest. */
  async #commit(use: Use): Promise<void> {
    const { topic, topicId, partition, key, position } = use;
    if (position === undefined || position <= use.committed || this.epoch <= 0) return;
    const { memberId, epoch: memberEpoch } = this;
    const { groups } = this.#world;
    const sequence = ++this.#commits;
    const metadata = signatureOf(memberId, memberEpoch, sequence);
    const part = { topic, topicId, partition, offset: position, metadata };
    const request = { groupId: GROUP_ID, memberId, memberEpoch, sequence, partitions: [part] };
    groups.asks(key, position);
    const commit: Invoke<CommitOffsetsReply> = (service, context) => service.commitOffsets(context, request);
    this.#maybeRepeat(commit);
    try {
      const reply = await this.#ask(commit);
      const answer = reply.partitions[0];
      if (answer?.ok !== true) throw answer?.error ?? new Error("an answer without the partition that was committed");
      groups.committed(key, position);
      use.committed = position;
    } catch (error) {
      this.#judge(`commit of ${key} at ${position}`, error);
    }
  }

  /** Something between it and the brokers may send the request again, when it has long gone on. */
  #maybeRepeat(invoke: Invoke<unknown>): void {
    const { scheduler, faults, story } = this.#world;
    const { repeatedChance, repeatedAfterMs } = story.groups;
    if (faults.stopped || !this.#random.chance(repeatedChance)) return;
    faults.note("commitRepeated");
    scheduler.after(this.#random.around(repeatedAfterMs), () => {
      this.#askOnce(invoke).catch(() => undefined);
    });
  }

  async #sayGoodbye(how: number): Promise<void> {
    try {
      await this.#beat(how, undefined);
      this.epoch = MEMBER_JOINS;
    } catch (error) {
      this.#judge("goodbye", error);
    }
  }

  #judge(doing: string, error: unknown): void {
    const { history, trace } = this.#world;
    const known = expectLogError(history, `${doing} by ${this.name}`, error);
    trace.note(this.name, `${doing}: ${known?.code} ${known?.message}`);
    if (known === undefined) return;
    if (known.code === "StaleMemberEpoch") this.#heartbeatAtMs = 0;
    if (!FENCED.includes(known.code)) return;
    this.#judgeFencing(known.code);
    this.#giveUp();
    this.epoch = MEMBER_JOINS;
    this.#heartbeatAtMs = 0;
  }

  #judgeFencing(code: string): void {
    const { sessionTimeoutMs, heartbeatIntervalMs } = this.#world.story.groups;
    const nowMs = this.process.runtime.clock.monotonicMs();
    const calmMs = nowMs - (this.#calmSinceMs ?? Number.POSITIVE_INFINITY);
    const silent = nowMs - this.#heardAtMs > heartbeatIntervalMs * 1.5;
    if (this.#leaving !== undefined || this.#lettingGo || silent || calmMs < sessionTimeoutMs / 2) return;
    const what = `${this.name} is fenced (${code}), though it has heartbeat without faults for ${calmMs.toFixed(0)} ms`;
    this.#world.history.report("Liveness", what);
  }

  #giveUp(): void {
    for (const use of [...this.#uses.values()]) this.#drop(use);
  }

  #drop(use: Use): void {
    this.#uses.delete(use.key);
    this.#world.groups.ends(this, use.key);
  }

  /** Any broker: another one, when one is not there. */
  async #ask<Answer>(invoke: Invoke<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#askOnce(invoke);
      } catch (error) {
        if (attempt === ASKED_MAX || !isLogError(error, "NetworkException") || error.effect !== "none") throw error;
        await this.process.runtime.clock.sleep(this.#random.around(REFUSED_PAUSE_MS));
      }
    }
  }

  #askOnce<Answer>(invoke: Invoke<Answer>): Promise<Answer> {
    const { network, cluster } = this.#world;
    return network.call({
      client: this.process,
      endpoint: cluster.anyEndpoint(),
      timeoutMs: TIMEOUT_MS,
      onTwice: () => cluster.anyEndpoint(),
      twiceAfterMs: TWICE_AFTER_MS,
      invoke,
    });
  }
}

function ownedOf(uses: Iterable<Use>): readonly OwnedTopic[] {
  const owned = new Map<string, number[]>();
  for (const { topicId, partition } of uses) owned.set(topicId, [...(owned.get(topicId) ?? []), partition]);
  return [...owned].map(([topicId, partitions]) => ({ topicId, partitions }));
}
