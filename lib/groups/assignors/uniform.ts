import { partitionsOf } from "../../storage/items/group-state.ts";
import type { PartitionKey } from "../../storage/items/partition-sets.ts";
import { type Assignee, type Assignor, byName, topicsOf } from "./assignor.ts";

/** A member while the plan is made. Its partitions by topic, so that what another may take is found at once. */
class Share {
  readonly memberId: string;
  readonly topics: ReadonlySet<string>;
  readonly #byTopic = new Map<string, PartitionKey[]>();
  load = 0;

  constructor({ memberId, topics }: Assignee) {
    this.memberId = memberId;
    this.topics = new Set(topics.map(({ name }) => name));
  }

  give(topic: string, partition: PartitionKey): void {
    const known = this.#byTopic.get(topic);
    if (known === undefined) this.#byTopic.set(topic, [partition]);
    else known.push(partition);
    this.load++;
  }

  /** A topic of which this member has something that one who takes `topics` could have. */
  topicFor(topics: ReadonlySet<string>): string | undefined {
    for (const [topic, partitions] of this.#byTopic) if (partitions.length > 0 && topics.has(topic)) return topic;
    return undefined;
  }

  take(topic: string): PartitionKey | undefined {
    const taken = this.#byTopic.get(topic)?.pop();
    if (taken !== undefined) this.load--;
    return taken;
  }

  partitions(): Set<PartitionKey> {
    return new Set([...this.#byTopic.values()].flat());
  }
}

/**
 * Equal numbers for all, and as few moves as that takes: everybody keeps what it had, what nobody had goes to
 * whoever has least, and only then single partitions move from those who have two more than a possible taker.
 * Where all subscribe to the same, the numbers end within one of each other.
 */
export const assignUniformly: Assignor = (assignees) => {
  const sorted = [...assignees].sort(byName);
  const shares = sorted.map((assignee) => new Share(assignee));
  for (const { topic, partition } of keepHeld(sorted, shares)) {
    leastLoaded(shares, topic)?.give(topic, partition);
  }
  while (levelOnce(shares)) {
    // Each round moves at least one partition to where it makes the loads more even, so there is a last one.
  }
  return new Map(shares.map((share) => [share.memberId, share.partitions()]));
};

/** Lets everybody keep what it had and may have; answers with what nobody had. */
function keepHeld(
  sorted: readonly Assignee[],
  shares: readonly Share[],
): readonly { topic: string; partition: PartitionKey }[] {
  const holders = new Map<PartitionKey, Share>();
  for (const [at, { held }] of sorted.entries()) {
    for (const partition of held) holders.set(partition, shares[at] as Share);
  }
  const free: { topic: string; partition: PartitionKey }[] = [];
  for (const topic of topicsOf(sorted)) {
    for (const partition of partitionsOf(topic)) {
      const holder = holders.get(partition);
      if (holder?.topics.has(topic.name)) holder.give(topic.name, partition);
      else free.push({ topic: topic.name, partition });
    }
  }
  return free;
}

function leastLoaded(shares: readonly Share[], topic: string): Share | undefined {
  let least: Share | undefined;
  for (const share of shares) {
    if (share.topics.has(topic) && (least === undefined || share.load < least.load)) least = share;
  }
  return least;
}

/**
 * Lifts by one the poorest of those who can be lifted. Only the poorest: who took two while another had nothing
 * might have to give one back, a move too many.
 */
function levelOnce(shares: readonly Share[]): boolean {
  let level: number | undefined;
  for (const taker of [...shares].sort((a, b) => a.load - b.load)) {
    if (level !== undefined && taker.load > level) break;
    const giver = giverFor(taker, shares);
    const topic = giver?.topicFor(taker.topics);
    const partition = topic === undefined ? undefined : giver?.take(topic);
    if (topic === undefined || partition === undefined) continue;
    level = taker.load;
    taker.give(topic, partition);
  }
  return level !== undefined;
}

function giverFor(taker: Share, shares: readonly Share[]): Share | undefined {
  let giver: Share | undefined;
  let least = taker.load + 2;
  for (const share of shares) {
    if (share.load < least || share.topicFor(taker.topics) === undefined) continue;
    giver = share;
    least = share.load + 1;
  }
  return giver;
}
