import { describe, expect, test } from "vitest";
import { MemoryItemStore } from "../../../lib/adapters/memory/memory-item-store.ts";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { DeadlineItemStore } from "../../../lib/adapters/wrappers/deadline-item-store.ts";
import { DeadlineObjectStore } from "../../../lib/adapters/wrappers/deadline-object-store.ts";
import { utf8 } from "../../../lib/base/bytes.ts";
import { set } from "../../../lib/storage/item-change.ts";
import { InstantClock } from "../../support/instant-clock.ts";
import { testCall } from "../../support/test-call.ts";

const key = { pk: "log", sk: "head" };

/** A store that carries out updates and puts, but never answers. */
class SilentItemStore extends MemoryItemStore {
  override async update(...args: Parameters<MemoryItemStore["update"]>) {
    await super.update(...args);
    return new Promise<never>(() => undefined);
  }
}

describe("deadline", () => {
  test("an operation that does not answer fails at its deadline as unknown", async () => {
    const clock = new InstantClock();
    const silent = new SilentItemStore();
    const items = new DeadlineItemStore(silent, clock);
    const updating = items.update(key, [set(["a"], 1)], [], { deadlineMs: clock.monotonicMs() + 50 });
    clock.advance(49);
    clock.advance(1);
    await expect(updating).rejects.toMatchObject({ code: "RequestTimedOut", effect: "unknown" });
    expect(await silent.get(key, testCall)).toEqual({ a: 1 });
  });

  test("a caller who aborts gets an answer at once", async () => {
    const clock = new InstantClock();
    const items = new DeadlineItemStore(new SilentItemStore(), clock);
    const abort = new AbortController();
    const updating = items.update(key, [set(["a"], 1)], [], { ...testCall, signal: abort.signal });
    abort.abort();
    await expect(updating).rejects.toMatchObject({ code: "RequestTimedOut", effect: "unknown" });
  });

  test("an operation without any time left is not begun", async () => {
    const clock = new InstantClock();
    const memory = new MemoryObjectStore();
    const objects = new DeadlineObjectStore(memory, clock);
    const late = [{ deadlineMs: clock.monotonicMs() }, { ...testCall, signal: AbortSignal.abort() }];
    for (const call of late) {
      await expect(objects.put("a", [utf8("x")], call)).rejects.toMatchObject({
        code: "RequestTimedOut",
        effect: "none",
      });
    }
    expect(await memory.get("a", testCall)).toBeUndefined();
  });
});
