import { KillableProcess } from "../kill/killable-process.ts";
import type { MemberEvent, MemberMode } from "./member-events.ts";

export interface MemberOptions {
  readonly endpoint: string;
  readonly topic: string;
  readonly group: string;
  readonly mode: MemberMode;
}

/** A member of the group in a process of its own, and what it told of itself. */
export class GroupMember {
  readonly events: MemberEvent[] = [];
  readonly mode: MemberMode;
  readonly #process: KillableProcess;
  readonly #listening: Promise<void>;
  state: "running" | "frozen" | "gone" = "running";
  /** When it was killed, ms since the epoch. */
  killedAtMs: number | undefined;

  constructor({ endpoint, topic, group, mode }: MemberOptions) {
    this.mode = mode;
    this.#process = new KillableProcess("group-soak/member-process.ts", [endpoint, topic, group, mode]);
    this.#listening = this.#listen();
  }

  /** What it uses by its own word. */
  get partitions(): ReadonlySet<number> {
    const held = new Set<number>();
    for (const event of this.events) {
      if (event.kind === "assigned") for (const partition of event.partitions) held.add(partition);
      if (event.kind === "revoked" || event.kind === "lost")
        for (const partition of event.partitions) held.delete(partition);
    }
    return held;
  }

  freeze(): void {
    this.#process.freeze();
    this.state = "frozen";
  }

  thaw(): void {
    this.#process.thaw();
    this.state = "running";
  }

  async kill(): Promise<void> {
    this.state = "gone";
    this.killedAtMs = Date.now();
    await this.#process.kill();
    await this.#listening;
  }

  /** Has it leave the group. Fails when it ends badly. */
  async leave(): Promise<void> {
    this.state = "gone";
    await this.#process.stop();
    await this.#process.ended();
    await this.#listening;
  }

  /** Fails when the process ended without being told to. */
  check(): Promise<void> | undefined {
    return this.#process.hasEnded && this.state !== "gone" ? this.#process.ended() : undefined;
  }

  async #listen(): Promise<void> {
    for await (const line of this.#process.lines()) this.events.push(JSON.parse(line) as MemberEvent);
  }
}
