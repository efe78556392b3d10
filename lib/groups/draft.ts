import type { GroupState } from "../storage/items/group-state.ts";
import { applyEvent, type GroupEvent } from "./group-event.ts";

/** A decision in the making: every event is applied as it is noted, so that what follows sees it. */
export class Draft {
  readonly nowMs: number;
  readonly events: GroupEvent[] = [];
  #state: GroupState;

  constructor(state: GroupState, nowMs: number) {
    this.#state = state;
    this.nowMs = nowMs;
  }

  get state(): GroupState {
    return this.#state;
  }

  note(event: GroupEvent): void {
    this.events.push(event);
    this.#state = applyEvent(this.#state, event);
  }
}
