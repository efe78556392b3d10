import type { CommitOffsetPart, CommitOffsetsReply } from "../../api/group-types.ts";
import { isLogError, LogError } from "../../base/errors.ts";
import { requestPartitionsMax } from "../../base/limits.ts";
import { abortedError } from "../aborted.ts";
import type { Connection } from "../connection.ts";
import { placeOf } from "./group-partition.ts";
import type { Identity, Membership } from "./membership.ts";

export interface CommitCall {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Answers after which the member had better ask whether it still is one. */
const FENCED = ["UnknownMemberId", "GroupIdNotFound", "FencedMemberEpoch", "StaleMemberEpoch"] as const;

/**
 * Commits, numbered and one at a time, each under the identity that the member had when it was asked for: what was
 * given up meanwhile is refused, and never tried under another identity.
 */
export class OffsetCommits {
  readonly #connection: Connection;
  readonly #groupId: string;
  readonly #membership: Membership;
  /** What the group holds, as far as this member has said so. */
  readonly #committed = new Map<string, number>();
  #sequence = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(connection: Connection, groupId: string, membership: Membership) {
    this.#connection = connection;
    this.#groupId = groupId;
    this.#membership = membership;
  }

  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  isCommitted(place: string, offset: number): boolean {
    return this.#committed.get(place) === offset;
  }

  /** What the group held when the partition was given to this member. */
  note(place: string, offset: number | undefined): void {
    if (offset === undefined) this.#committed.delete(place);
    else this.#committed.set(place, offset);
  }

  /** Resolves once all before this one are decided. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** Resolves when all is committed; the first partition that is refused throws, the others are committed. */
  commit(parts: readonly CommitOffsetPart[], call: CommitCall): Promise<void> {
    const identity = this.#membership.identity();
    const deadlineMs = this.#nowMs() + call.timeoutMs;
    this.#waiting += 1;
    const turn = this.#last.then(async () => {
      for (let at = 0; at < parts.length; at += requestPartitionsMax) {
        await this.#commit(parts.slice(at, at + requestPartitionsMax), identity, deadlineMs, call.signal);
      }
    });
    this.#last = turn.then(
      () => this.#done(),
      () => this.#done(),
    );
    return turn;
  }

  #done(): void {
    this.#waiting -= 1;
  }

  /** Under one number, until every part is answered for good: the same again is the same commit. */
  async #commit(
    parts: readonly CommitOffsetPart[],
    identity: Identity,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const sequence = ++this.#sequence;
    const { backoff, runtime } = this.#connection;
    let left = parts;
    let refused: LogError | undefined;
    for (let attempts = 1; left.length > 0; attempts++) {
      if (signal?.aborted) throw abortedError("commit", signal);
      if (this.#membership.incarnation !== identity.incarnation) throw this.#membership.lossOf();
      const answers = await this.#ask(left, identity, sequence, signal);
      const again: CommitOffsetPart[] = [];
      let error: LogError | undefined;
      left.forEach((part, at) => {
        const answer = answers instanceof LogError ? answers : errorOf(answers, part, at);
        if (answer === undefined) this.#committed.set(placeOf(part), part.offset);
        else if (mayPass(answer)) again.push(part);
        else refused ??= answer;
        error ??= answer;
      });
      left = again;
      if (left.length === 0) break;
      const pauseMs = backoff(attempts, error);
      if (this.#nowMs() + pauseMs >= deadlineMs) throw refused ?? error;
      await runtime.clock.sleep(pauseMs, signal).catch(() => {});
    }
    if (refused === undefined) return;
    if (isLogError(refused, ...FENCED)) this.#membership.beatSoon();
    throw refused;
  }

  async #ask(
    partitions: readonly CommitOffsetPart[],
    { memberId, epoch: memberEpoch }: Identity,
    sequence: number,
    signal: AbortSignal | undefined,
  ): Promise<CommitOffsetsReply | LogError> {
    const request = { groupId: this.#groupId, memberId, memberEpoch, sequence, partitions };
    try {
      return await this.#connection.request(
        "commitOffsets",
        (service, context) => service.commitOffsets(context, request),
        {
          signal,
        },
      );
    } catch (error) {
      if (isLogError(error)) return error;
      throw error;
    }
  }

  #nowMs(): number {
    return this.#connection.runtime.clock.monotonicMs();
  }
}

function errorOf({ partitions }: CommitOffsetsReply, part: CommitOffsetPart, at: number): LogError | undefined {
  const answer = partitions[at];
  if (answer === undefined || placeOf(answer) !== placeOf(part)) {
    return new LogError("UnknownServerError", `commitOffsets: no answer for ${placeOf(part)}`);
  }
  return answer.ok ? undefined : answer.error;
}

/** A topic that is gone is told, though its name may come back: what was read of it is nobody's place any more. */
function mayPass(error: LogError): boolean {
  return error.retriable && !isLogError(error, "UnknownTopicOrPartition", "UnknownTopicId");
}
