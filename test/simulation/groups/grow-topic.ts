import { expectLogError } from "../clients/errors.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import type { GroupTopicStory } from "./group-story.ts";

const TIMEOUT_MS = 15_000;
const AGAIN_AFTER_MS = 500;

/** Adds the partitions that the topic is to get later, at their time; whether there are any. */
export async function growTopic(world: World, client: SimulatedProcess, topic: GroupTopicStory): Promise<boolean> {
  const { scheduler, history, trace } = world;
  if (topic.partitionsFirst === topic.partitions) return false;
  await scheduler.sleep(topic.growsAfterMs);
  while (!(await partitionsCreated(world, client, topic))) await scheduler.sleep(AGAIN_AFTER_MS);
  trace.note(client.name, `${topic.name} has ${topic.partitions} partitions`);
  for (let partition = topic.partitionsFirst; partition < topic.partitions; partition++) {
    history.known(topic.name, partition);
  }
  return true;
}

async function partitionsCreated(
  { network, cluster, history, trace }: World,
  client: SimulatedProcess,
  { name, partitions: totalCount }: GroupTopicStory,
): Promise<boolean> {
  try {
    const grown = await network.call({
      client,
      endpoint: cluster.anyEndpoint(),
      timeoutMs: TIMEOUT_MS,
      invoke: (service, context) => service.createPartitions(context, { topics: [{ name, totalCount }] }),
    });
    const answer = grown[0];
    if (answer?.ok === true) return true;
    throw answer?.error ?? new Error("an answer without the topic that was asked for");
  } catch (error) {
    const known = expectLogError(history, `growth of ${name}`, error);
    trace.note(client.name, `growth of ${name}: ${known?.code} ${known?.message}`);
    // There are as many already: an earlier request of ours has done it.
    return known?.code === "InvalidPartitions";
  }
}
