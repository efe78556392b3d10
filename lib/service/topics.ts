import type { RequestContext } from "../api/log-service.ts";
import type {
  AlterConfigsRequest,
  ConfigEntry,
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeleteTopicsRequest,
  DescribeConfigsRequest,
  DescribeTopicsRequest,
  TopicConfigs,
  TopicDescription,
  TopicResult,
} from "../api/topic-types.ts";
import { LogError } from "../base/errors.ts";
import { alterTopicConfigs, growTopic } from "../log/topics/change-topic.ts";
import { type ConfigName, topicConfigNames } from "../log/topics/config-rules.ts";
import { alreadyExists, createTopic } from "../log/topics/create-topic.ts";
import { deleteTopic } from "../log/topics/delete-topic.ts";
import { unknownTopic } from "../log/topics/topic-catalog.ts";
import { checkTopicConfigNames, checkTopicConfigs, topicConfigDefault } from "../log/topics/topic-configs.ts";
import { checkPartitionCount, checkTopicName } from "../log/topics/topic-name.ts";
import type { Topic } from "../storage/items/topic.ts";
import { asLogError, findOrCreateTopic, type ServiceCore } from "./service-core.ts";

/** Each name on its own: one that fails does not touch its neighbours. In order, so that a name given twice fails. */
async function each<Request, Answer extends object>(
  core: ServiceCore,
  requests: readonly Request[],
  nameOf: (request: Request) => string,
  work: (request: Request) => Promise<Answer>,
): Promise<readonly TopicResult<Answer>[]> {
  const results: TopicResult<Answer>[] = [];
  for (const request of requests) {
    const topic = nameOf(request);
    try {
      results.push({ topic, ok: true, ...(await work(request)) });
    } catch (error) {
      results.push({ topic, ok: false, error: asLogError(core, error) });
    }
  }
  return results;
}

export function createTopics(core: ServiceCore, context: RequestContext, request: CreateTopicsRequest) {
  return each(
    core,
    request.topics,
    ({ name }) => name,
    async (topic): Promise<TopicDescription> => {
      const { name, configs = {}, partitions = core.settings.defaultPartitions } = topic;
      checkTopicName(name);
      core.authorize(context.principal, "create", { kind: "topic", name });
      checkPartitionCount(partitions);
      checkTopicConfigs(configs);
      if (request.validateOnly) {
        if ((await core.engine.catalog.findNow(name, context)) !== undefined) throw alreadyExists(name);
        return { topicId: "", partitions, configs };
      }
      const created = await createTopic(core.engine.context, { name, partitions, configs }, context);
      core.engine.catalog.remember(created);
      return describe(created);
    },
  );
}

export function deleteTopics(core: ServiceCore, context: RequestContext, request: DeleteTopicsRequest) {
  return each(
    core,
    request.names,
    (name) => name,
    async (name): Promise<object> => {
      checkTopicName(name);
      core.authorize(context.principal, "delete", { kind: "topic", name });
      core.engine.catalog.forget(name);
      await deleteTopic(core.engine.context, name, context);
      return {};
    },
  );
}

export function createPartitions(core: ServiceCore, context: RequestContext, request: CreatePartitionsRequest) {
  return each(
    core,
    request.topics,
    ({ name }) => name,
    async ({ name, totalCount }): Promise<TopicDescription> => {
      core.authorize(context.principal, "alter", { kind: "topic", name });
      checkPartitionCount(totalCount);
      const grown = await growTopic(core.engine.context, await currentTopic(core, context, name), totalCount, context);
      core.engine.catalog.remember(grown);
      return describe(grown);
    },
  );
}

export async function describeTopics(
  core: ServiceCore,
  context: RequestContext,
  request: DescribeTopicsRequest,
): Promise<readonly TopicResult<TopicDescription>[]> {
  if (request.names === undefined) {
    core.authorize(context.principal, "describe", { kind: "cluster" });
    const topics = await core.engine.catalog.list(context);
    return topics.map((topic) => ({ topic: topic.name, ok: true, ...describe(topic) }));
  }
  return each(
    core,
    request.names,
    (name) => name,
    async (name) => {
      core.authorize(context.principal, "describe", { kind: "topic", name });
      const create = request.allowAutoCreate === true;
      return describe(create ? await findOrCreateTopic(core, name, context) : await currentTopic(core, context, name));
    },
  );
}

export function describeConfigs(core: ServiceCore, context: RequestContext, request: DescribeConfigsRequest) {
  return each(
    core,
    request.topics,
    (name) => name,
    async (name) => {
      core.authorize(context.principal, "describe", { kind: "topic", name });
      return configsOf(core, await currentTopic(core, context, name));
    },
  );
}

export function alterConfigs(core: ServiceCore, context: RequestContext, request: AlterConfigsRequest) {
  return each(
    core,
    request.topics,
    ({ name }) => name,
    async ({ name, set = {}, remove = [] }) => {
      core.authorize(context.principal, "alter", { kind: "topic", name });
      checkTopicConfigs(set);
      checkTopicConfigNames(remove);
      const both = remove.find((config) => Object.hasOwn(set, config));
      if (both !== undefined) throw new LogError("InvalidConfig", `config ${both} is both set and removed`);
      const topic = await currentTopic(core, context, name);
      const altered = await alterTopicConfigs(core.engine.context, topic, { set, remove }, context);
      core.engine.catalog.remember(altered);
      return configsOf(core, altered);
    },
  );
}

async function currentTopic(core: ServiceCore, context: RequestContext, name: string): Promise<Topic> {
  checkTopicName(name);
  const topic = await core.engine.catalog.findNow(name, context);
  if (topic === undefined) throw unknownTopic(name);
  return topic;
}

function describe({ topicId, partitions, configs }: Topic): TopicDescription {
  return { topicId, partitions, configs };
}

function configsOf(core: ServiceCore, topic: Topic): TopicConfigs {
  return { entries: topicConfigNames.map((name) => configEntry(core, topic, name)) };
}

function configEntry(core: ServiceCore, topic: Topic, name: ConfigName): ConfigEntry {
  const own = topic.configs[name];
  if (own !== undefined) return { name, value: own, source: "topic" };
  const server = core.settings.topicDefaults[name];
  if (server !== undefined) return { name, value: server, source: "server" };
  return { name, value: topicConfigDefault(name) ?? "", source: "default" };
}
