import type { LogService, RequestContext } from "../../../lib/api/log-service.ts";
import { isLogError, messageOf } from "../../../lib/base/errors.ts";
import type { History } from "../history.ts";
import type { Endpoint } from "../network.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import type { World } from "../world.ts";
import { expectLogError } from "./errors.ts";

/** One for each administrator: none sets another's. With values so large that they change nothing else. */
const CONFIGS = ["segment.ms", "segment.bytes", "retention.ms"] as const;
const FIRST_VALUE = 4_000_000_000_000;
/** All begin at the same strokes of the clock, so that their alterations meet. */
const EVERY_MS = 9000;
const CLOSE_MS = 40;
const TAKEN_PART = 0.7;
const CALL_MS = 12_000;

/** What an administrator has set of its own config, in the order in which it has asked. */
interface Alteration {
  readonly value: string;
  outcome: "acknowledged" | "refused" | "unknown";
}

/** Administrators who alter configs of one topic, each its own, all at once. What was acknowledged stays. */
export class AlteringAdmins {
  readonly #world: Omit<World, "alterations">;
  readonly #topic: string | undefined;
  readonly #altered = new Map<string, Alteration[]>();

  constructor(world: Omit<World, "alterations">, topic: string | undefined) {
    this.#world = world;
    this.#topic = topic;
  }

  async run(stopping: () => boolean): Promise<void> {
    const topic = this.#topic;
    if (topic === undefined) return;
    await Promise.all(CONFIGS.map((config, at) => this.#alterAll(topic, { config, at }, stopping)));
  }

  async #alterAll(
    topic: string,
    { config, at }: { readonly config: string; readonly at: number },
    stopping: () => boolean,
  ): Promise<void> {
    const { tide, scheduler } = this.#world;
    const client = this.#world.client(`altering-admin-${at}`);
    const random = this.#world.fork(`altering-admin-${at}`);
    const altered: Alteration[] = [];
    this.#altered.set(config, altered);
    while (!stopping()) {
      const strokes = Math.floor(scheduler.nowMs / EVERY_MS) + 1;
      await tide.pause(strokes * EVERY_MS - scheduler.nowMs + random.around(CLOSE_MS));
      if (!stopping() && random.chance(TAKEN_PART)) await this.#alter(client, { topic, config }, altered);
    }
  }

  async #alter(
    client: SimulatedProcess,
    { topic, config }: { readonly topic: string; readonly config: string },
    altered: Alteration[],
  ): Promise<void> {
    const { network, cluster, history, trace } = this.#world;
    const value = String(FIRST_VALUE + altered.length);
    const alteration: Alteration = { value, outcome: "unknown" };
    altered.push(alteration);
    const topics = [{ name: topic, set: { [config]: value } }];
    try {
      const [answer] = await network.call({
        client,
        endpoint: cluster.anyEndpoint(),
        timeoutMs: CALL_MS,
        invoke: (service: LogService, context: RequestContext) => service.alterConfigs(context, { topics }),
      });
      if (answer?.ok !== true) throw answer?.error ?? new Error("an answer without the topic that was asked for");
      alteration.outcome = "acknowledged";
      trace.note(client.name, `${config} of ${topic} is ${value}`);
    } catch (error) {
      const known = expectLogError(history, `alteration of ${topic}`, error);
      if (known?.effect === "none") alteration.outcome = "refused";
      trace.note(client.name, `${config} of ${topic} = ${value}: ${known?.code}`);
    }
  }

  /** The last that was acknowledged stands, or one that may or may not have happened; of a restored log as well. */
  async judge(how: string, { process, service }: Endpoint, context: () => RequestContext): Promise<void> {
    const { history } = this.#world;
    const topic = this.#topic;
    if (topic === undefined) return;
    try {
      const [answer] = (await service?.describeConfigs(context(), { topics: [topic] })) ?? [];
      if (answer?.ok !== true) throw answer?.error ?? new Error("an answer without the topic that was asked for");
      for (const [config, altered] of this.#altered) {
        const stands = answer.entries.find(({ name }) => name === config)?.value;
        judgeConfig(history, `${topic} ${how}: ${config}`, altered, stands);
      }
    } catch (error) {
      if (!isLogError(error)) throw error;
      history.report("AckDurable", `configs of ${topic} cannot be read by ${process.name}: ${messageOf(error)}`);
    }
  }
}

function judgeConfig(
  history: History,
  where: string,
  altered: readonly Alteration[],
  stands: string | undefined,
): void {
  const last = altered.findLastIndex(({ outcome }) => outcome === "acknowledged");
  const at = altered.findIndex(({ value }) => value === stands);
  if (altered[at]?.outcome === "refused") history.report("NoPhantom", `${where} is ${stands}, which was refused`);
  if (last === -1 || at === last || altered[at]?.outcome === "unknown") return;
  history.report("AckDurable", `${where} is ${stands}, though ${altered[last]?.value} was acknowledged`);
}
