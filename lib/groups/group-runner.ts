import { type Call, callWithin, settleWithin } from "../base/call.ts";
import { LogError } from "../base/errors.ts";
import { groupAttemptsMax, groupBatchMax, serviceCallMsDefault } from "../base/limits.ts";
import { randomName } from "../base/random.ts";
import { finishDeletion } from "./delete-group.ts";
import type { GroupContext } from "./group-context.ts";
import type { GroupReply, GroupRequest } from "./group-request.ts";
import { type Answer, decideRound, markParts, type Round } from "./group-round.ts";
import { type GroupStore, planGroupWrite, type StoredGroup } from "./group-store.ts";
import { writeGroup } from "./write-group.ts";

interface Waiting {
  readonly request: GroupRequest;
  readonly settle: (answer: Answer) => void;
}

const FIRST_WAIT_MS = 10;
const WAIT_MS_MAX = 500;

/**
 * Changes groups under compare-and-swap. Requests to one group that meet in this broker share one write; between
 * brokers the loser of a race decides again on what the winner left. Every write bears a tag: when its answer is
 * lost, the next read shows whether it happened, and if it has not it loses to the next attempt.
 */
export class GroupRunner {
  readonly #context: GroupContext;
  readonly #store: GroupStore;
  readonly #lanes = new Map<string, Waiting[]>();

  constructor(context: GroupContext, store: GroupStore) {
    this.#context = context;
    this.#store = store;
  }

  /** What the request is told, once everything it did is stored. */
  async run(groupId: string, request: GroupRequest, call: Call): Promise<GroupReply | undefined> {
    const { clock } = this.#context.runtime;
    const settled = new Promise<Answer>((settle) => this.#enqueue(groupId, { request, settle }));
    const answer = await settleWithin(clock, call, "a change of the group", settled);
    if (answer.ok) return answer.reply;
    throw answer.error;
  }

  #enqueue(groupId: string, waiting: Waiting): void {
    const lane = this.#lanes.get(groupId);
    if (lane !== undefined) {
      lane.push(waiting);
      return;
    }
    const started = [waiting];
    this.#lanes.set(groupId, started);
    void this.#drain(groupId, started);
  }

  async #drain(groupId: string, lane: Waiting[]): Promise<void> {
    while (lane.length > 0) {
      // Whoever asks in the same moment comes along.
      await Promise.resolve();
      const batch = lane.splice(0, batchLength(lane));
      try {
        await this.#runBatch(groupId, batch);
      } catch (error) {
        for (const { settle } of batch) settle({ ok: false, error });
      }
    }
    this.#lanes.delete(groupId);
  }

  async #runBatch(groupId: string, whole: readonly Waiting[]): Promise<void> {
    const { clock } = this.#context.runtime;
    const call = callWithin(clock, serviceCallMsDefault);
    const doubted = new Map<string, () => void>();
    let batch = whole;
    let group = this.#store.recall(groupId);
    let fresh = false;
    for (let attempt = 0; attempt < groupAttemptsMax; attempt++) {
      const happened = group === undefined ? undefined : doubted.get(group.tip.tag);
      if (happened !== undefined) return happened();
      if (group?.tip.deleting) {
        await finishDeletion(this.#context, groupId, group.tip, call);
        group = await this.#store.read(groupId, call);
        fresh = true;
        continue;
      }
      const nowMs = clock.nowMs();
      const requests = batch.map(({ request }) => request);
      const { settings } = this.#context;
      const round = decideRound(group?.state, requests, { nowMs, settings, doubtful: doubted.size > 0 });
      if (round.events.length > 0 && round.state !== undefined) {
        const written = await this.#write(groupId, group, { round, state: round.state, requests, nowMs }, call);
        if (written.kind === "done") return settleAll(batch, round.answers);
        if (written.kind === "unknown") doubted.set(written.tag, settleAll.bind(undefined, batch, round.answers));
        if (written.kind === "alive") batch = withoutExpiry(batch);
        await this.#waitForTurn(attempt, call);
        group = await this.#store.read(groupId, call);
        fresh = true;
      } else if (fresh) {
        return settleAll(batch, round.answers);
      } else {
        // Nothing to write, so nothing has shown yet that what this broker remembers still holds.
        group = await this.#store.read(groupId, call);
        fresh = true;
      }
    }
    throw new LogError("CoordinatorNotAvailable", "too many others are changing the group: try again", {
      effect: doubted.size > 0 ? "unknown" : "none",
    });
  }

  async #write(
    groupId: string,
    before: StoredGroup | undefined,
    after: {
      readonly round: Round;
      readonly state: StoredGroup["state"];
      readonly requests: readonly GroupRequest[];
      readonly nowMs: number;
    },
    call: Call,
  ): Promise<Written> {
    const { runtime, items } = this.#context;
    const tag = randomName(runtime.random, 12);
    const { tip, parts } = planGroupWrite(groupId, before?.tip, { state: after.state, tag, deleting: false });
    const marks = markParts(groupId, after.round.events, after.requests, after.nowMs);
    runtime.meter.count("groups.write");
    const outcome = await writeGroup({ items, clock: runtime.clock }, [...parts, ...marks], call);
    if (outcome.kind === "done") this.#store.remember(groupId, { tip, state: after.state });
    if (outcome.kind !== "refused") return { kind: outcome.kind, tag };
    runtime.meter.count("groups.conflict");
    const tipMoved = outcome.failed.some((part) => part < parts.length);
    return tipMoved ? { kind: "moved" } : { kind: "alive" };
  }

  /** Full jitter: those who lost together do not return together. */
  async #waitForTurn(attempt: number, call: Call): Promise<void> {
    const { clock, random } = this.#context.runtime;
    const boundMs = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** attempt);
    await clock.sleep(boundMs * random.fraction(), call.signal);
  }
}

type Written =
  | { readonly kind: "done" | "unknown"; readonly tag: string }
  /** Another change came first. */
  | { readonly kind: "moved" }
  /** A member that was to be removed has shown life. */
  | { readonly kind: "alive" };

/** As many requests as one transaction has room for. */
function batchLength(lane: readonly Waiting[]): number {
  let weight = 0;
  for (const [at, { request }] of lane.entries()) {
    weight += request.kind === "expire" ? request.members.size : 1;
    if (weight > groupBatchMax) return Math.max(1, at);
  }
  return lane.length;
}

function settleAll(batch: readonly Waiting[], answers: readonly Answer[]): void {
  for (const [at, { settle }] of batch.entries()) settle(answers[at] ?? { ok: true, reply: undefined });
}

function withoutExpiry(batch: readonly Waiting[]): readonly Waiting[] {
  for (const { request, settle } of batch) if (request.kind === "expire") settle({ ok: true, reply: undefined });
  return batch.filter(({ request }) => request.kind !== "expire");
}
