import { expect, test } from "vitest";
import { MemoryObjectStore } from "../../../lib/adapters/memory/memory-object-store.ts";
import { RetryingObjectStore } from "../../../lib/adapters/wrappers/retrying-object-store.ts";
import { utf8 } from "../../../lib/base/bytes.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { systemRandom } from "../../../lib/base/random.ts";
import { InstantClock } from "../../support/instant-clock.ts";
import { intercepted } from "../../support/log/intercepted.ts";
import { testCall } from "../../support/test-call.ts";

test("memory for an answer is given to the first try alone, whose answer may still land there", async () => {
  const given: unknown[] = [];
  const store = intercepted(new MemoryObjectStore(), async ({ operation, args }, proceed) => {
    if (operation === "get" && given.push(args[3]) === 1) throw new LogError("StoreUnavailable", "injected");
    return proceed();
  });
  await store.put("object", [utf8("abc")], testCall);
  const memory = new Uint8Array(3);
  const retrying = new RetryingObjectStore(store, { clock: new InstantClock(), random: systemRandom });
  expect(await retrying.get("object", testCall, { start: 0, end: 3 }, memory)).toEqual(utf8("abc"));
  expect(given).toEqual([memory, undefined]);
});
