import {
  type GroupHeartbeatReply,
  type GroupHeartbeatRequest,
  MEMBER_AWAY,
  MEMBER_JOINS,
  MEMBER_LEAVES,
} from "../../api/group-types.ts";
import { isLogError, LogError, messageOf } from "../../base/errors.ts";
import { randomName } from "../../base/random.ts";
import type { Connection } from "../connection.ts";
import { Waker } from "../consumer/waker.ts";
import { retryWhileRetriable } from "../retry.ts";
import type { GroupSettings } from "./group-consumer-options.ts";
import { type GroupPartition, type GroupPartitions, ownedTopics, partitionsOf, without } from "./group-partition.ts";
import type { Subscription } from "./subscription.ts";

const MEMBER_ID_LENGTH = 22;
/** Of a heartbeat, while no session is known; later a third of the session, so that a lost one can be repeated. */
const HEARTBEAT_MS_MAX = 15_000;
/** For the leave of a consumer whose application has stopped asking. */
const LEAVE_MS = 10_000;

export interface MembershipOptions {
  readonly connection: Connection;
  readonly settings: GroupSettings;
  /** The target, the loss or the failure changed. */
  onChange(): void;
  /** Since when the application works on what it was given, on the monotonic clock; undefined when it waits. */
  busySinceMs(): number | undefined;
}

/** Who a member is when it commits: what it was given under a later epoch, or as somebody else, is not its own. */
export interface Identity {
  readonly memberId: string;
  readonly epoch: number;
  /** Changes whenever everything was given up. */
  readonly incarnation: number;
}

/** What was taken away, and why. */
export interface Loss {
  readonly partitions: readonly GroupPartition[];
  readonly error: LogError;
}

/**
 * A member's side of KIP-848's heartbeats: it joins, shows life whatever the application does, says what it uses,
 * and learns what it may use. When it is fenced everything is lost, and it waits to be started again.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #waker: Waker;
  #memberId: string;
  #epoch = MEMBER_JOINS;
  #sequence = 0;
  #incarnation = 0;
  #stint: AbortController | undefined;
  #subscription: Subscription | undefined;
  /** The subscription that the group knows of. */
  #told: Subscription | undefined;
  /** A join whose answer is not there yet: the same one again is the same join. */
  #joining: { readonly request: GroupHeartbeatRequest; readonly subscription: Subscription } | undefined;
  #owned: GroupPartitions = new Map();
  #target: GroupPartitions | undefined;
  /** Something was let go of, and the group has not heard of it under its newest epoch: under another it does not count. */
  #isUnheard = false;
  #loss: Loss | undefined;
  #lastError: LogError | undefined;
  #failure: LogError | undefined;
  #failedAttempts = 0;
  #sessionTimeoutMs: number | undefined;
  /** When the last request was sent that was answered. */
  #answeredMs = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#waker = new Waker(options.connection.runtime.clock);
    this.#memberId = this.#newMemberId();
  }

  /** What the consumer uses, and says that it does. */
  get owned(): GroupPartitions {
    return this.#owned;
  }

  /** What it may use; undefined while it is no member, or has not been told yet. */
  get target(): GroupPartitions | undefined {
    return this.#target;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get memberId(): string {
    return this.#memberId;
  }

  /** Whether something was taken away that `takeLoss` has still to tell. */
  get hasLoss(): boolean {
    return this.#loss !== undefined;
  }

  /** Whether nothing was heard for a whole session: others may have been given what this member owns. */
  get isDoubtful(): boolean {
    return this.#sessionTimeoutMs !== undefined && this.#nowMs() - this.#answeredMs > this.#sessionTimeoutMs;
  }

  identity(): Identity {
    if (this.#epoch > 0) return { memberId: this.#memberId, epoch: this.#epoch, incarnation: this.#incarnation };
    if (this.#lastError !== undefined) throw this.#lastError;
    throw new LogError("UnknownMemberId", "the consumer has not joined the group yet: poll first");
  }

  /** Why the partitions of an earlier incarnation are not the member's any more. */
  lossOf(): LogError {
    return this.#lastError ?? new LogError("UnknownMemberId", "the consumer has left the group");
  }

  takeLoss(): Loss | undefined {
    const loss = this.#loss;
    this.#loss = undefined;
    return loss;
  }

  /** What the application must know; it is tried again afterwards. */
  takeFailure(): LogError | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** Joins and goes on with heartbeats, unless it does so already; tells the group of another subscription. */
  start(subscription: Subscription): void {
    if (this.#subscription !== subscription) {
      this.#subscription = subscription;
      this.#waker.wake();
    }
    if (this.#stint !== undefined) return;
    const stint = new AbortController();
    this.#stint = stint;
    void this.#heartbeats(stint);
  }

  /** The next heartbeat goes out at once. */
  beatSoon(): void {
    this.#waker.wake();
  }

  /** The consumer uses these now. */
  own(partitions: GroupPartitions): void {
    this.#isUnheard ||= without(this.#owned, partitions).length > 0;
    this.#owned = partitions;
  }

  /** Leaves, or goes away for a moment when it is static; whether the group was told in time. */
  async leave(timeoutMs: number): Promise<boolean> {
    const leaving = this.#leaveRequest(this.#options.settings.instanceId === undefined ? MEMBER_LEAVES : MEMBER_AWAY);
    this.#reset();
    this.#lastError = undefined;
    this.#subscription = undefined;
    return leaving === undefined || this.#sendLeave(leaving, timeoutMs);
  }

  async #heartbeats(stint: AbortController): Promise<void> {
    const { signal } = stint;
    for (let pauseMs = 0; ; ) {
      if (pauseMs > 0) await this.#waker.wait(Math.min(pauseMs, Math.max(1, this.#patienceMs())), signal);
      if (signal.aborted) return;
      if (this.#patienceMs() <= 0) {
        this.#leaveUnheard();
        return;
      }
      pauseMs = await this.#beat(stint);
    }
  }

  /** How long the application may still take. */
  #patienceMs(): number {
    const busySinceMs = this.#options.busySinceMs();
    if (busySinceMs === undefined) return Number.MAX_SAFE_INTEGER;
    return busySinceMs + this.#options.settings.maxPollIntervalMs - this.#nowMs();
  }

  #leaveUnheard(): void {
    const { maxPollIntervalMs } = this.#options.settings;
    const leaving = this.#leaveRequest(MEMBER_LEAVES);
    const message = `the application took longer than ${maxPollIntervalMs} ms (maxPollIntervalMs) over what it was given: the consumer has left the group, and joins again with the next poll`;
    this.#lose(new LogError("UnknownMemberId", message, { details: { maxPollIntervalMs } }));
    if (leaving !== undefined) void this.#sendLeave(leaving, LEAVE_MS);
  }

  /** One heartbeat; answers when to send the next, in ms. */
  async #beat({ signal }: AbortController): Promise<number> {
    const sentMs = this.#nowMs();
    const owned = this.#owned;
    const subscription = this.#subscription as Subscription;
    const request = this.#request(subscription);
    try {
      const reply = await this.#send(request, signal);
      if (signal.aborted) return 0;
      this.#answeredMs = sentMs;
      this.#told = subscription;
      const isOfEpoch = reply.memberEpoch === request.memberEpoch;
      if (isOfEpoch && owned === this.#owned) this.#isUnheard = false;
      this.#take(reply, owned);
      return this.#isUnheard && !isOfEpoch ? 0 : reply.heartbeatIntervalMs;
    } catch (error) {
      if (signal.aborted) return 0;
      const known = isLogError(error) ? error : new LogError("UnknownServerError", messageOf(error), { cause: error });
      if (known.retriable) return this.#options.connection.backoff(++this.#failedAttempts, known);
      this.#lose(known);
      return 0;
    }
  }

  #send(request: GroupHeartbeatRequest, signal?: AbortSignal): Promise<GroupHeartbeatReply> {
    const { connection } = this.#options;
    const thirdMs = (this.#sessionTimeoutMs ?? 3 * HEARTBEAT_MS_MAX) / 3;
    return connection.request("groupHeartbeat", (service, context) => service.groupHeartbeat(context, request), {
      timeoutMs: Math.min(connection.requestTimeoutMs, thirdMs),
      signal,
    });
  }

  #request(subscription: Subscription): GroupHeartbeatRequest {
    if (this.#epoch === MEMBER_JOINS && this.#joining?.subscription === subscription) return this.#joining.request;
    const { group: groupId, instanceId, assignor, maxPollIntervalMs } = this.#options.settings;
    const { topics, pattern } = subscription;
    const request: GroupHeartbeatRequest = {
      groupId,
      memberId: this.#memberId,
      memberEpoch: this.#epoch,
      instanceId,
      sequence: ++this.#sequence,
      owned: ownedTopics(this.#owned.values()),
      ...(this.#told === subscription ? {} : { topics, pattern, assignor, rebalanceTimeoutMs: maxPollIntervalMs }),
    };
    if (this.#epoch === MEMBER_JOINS) this.#joining = { request, subscription };
    return request;
  }

  /** An answer without an assignment means that what was owned when it was asked for is right. */
  #take(reply: GroupHeartbeatReply, owned: GroupPartitions): void {
    this.#joining = undefined;
    this.#failedAttempts = 0;
    this.#lastError = undefined;
    this.#epoch = reply.memberEpoch;
    this.#sessionTimeoutMs = reply.sessionTimeoutMs;
    this.#target = reply.assignment === undefined ? owned : partitionsOf(reply.assignment);
    this.#options.onChange();
  }

  #lose(error: LogError): void {
    const partitions = [...(this.#loss?.partitions ?? []), ...this.#owned.values()];
    const isFenced = isLogError(error, "FencedMemberEpoch", "UnknownMemberId", "GroupIdNotFound");
    // A join under this id has been answered with an epoch that was not heard of, or has been overtaken.
    const keepsId = error.code === "FencedMemberEpoch" && this.#epoch > 0;
    this.#reset();
    if (!keepsId) this.#memberId = this.#newMemberId();
    this.#lastError = error;
    if (partitions.length > 0) this.#loss = { partitions, error };
    if (!isFenced) this.#failure = error;
    const { logger } = this.#options.connection.runtime;
    const fields = { group: this.#options.settings.group, code: error.code, reason: error.message };
    logger.warn("no member of the group any more", { ...fields, partitions: partitions.length });
    this.#options.onChange();
  }

  #reset(): void {
    this.#stint?.abort();
    this.#stint = undefined;
    this.#incarnation += 1;
    this.#epoch = MEMBER_JOINS;
    this.#owned = new Map();
    this.#target = undefined;
    this.#isUnheard = false;
    this.#told = undefined;
    this.#joining = undefined;
    this.#sessionTimeoutMs = undefined;
    this.#failedAttempts = 0;
  }

  /** Undefined when the group cannot know of the member. */
  #leaveRequest(memberEpoch: number): GroupHeartbeatRequest | undefined {
    if (this.#epoch === MEMBER_JOINS && this.#joining === undefined) return undefined;
    const { group: groupId, instanceId } = this.#options.settings;
    return { groupId, memberId: this.#memberId, memberEpoch, instanceId, sequence: ++this.#sequence };
  }

  async #sendLeave(request: GroupHeartbeatRequest, timeoutMs: number): Promise<boolean> {
    const { backoff, runtime } = this.#options.connection;
    try {
      await retryWhileRetriable({ clock: runtime.clock, backoff, timeoutMs }, () => this.#send(request));
      return true;
    } catch (error) {
      // Whoever is no member any more has left; of the others the group learns when their session ends.
      if (isLogError(error, "UnknownMemberId", "GroupIdNotFound", "FencedMemberEpoch")) return true;
      runtime.logger.warn("the group could not be left", { group: request.groupId, reason: messageOf(error) });
      return false;
    }
  }

  #newMemberId(): string {
    return randomName(this.#options.connection.runtime.random, MEMBER_ID_LENGTH);
  }

  #nowMs(): number {
    return this.#options.connection.runtime.clock.monotonicMs();
  }
}
