import { describe, expect, test } from "vitest";
import type { GroupEvent } from "../../../lib/groups/group-event.ts";
import type { GroupRequest } from "../../../lib/groups/group-request.ts";
import { markParts } from "../../../lib/groups/group-round.ts";
import { memberMarkKey } from "../../../lib/storage/item-keys.ts";
import type { GroupMember } from "../../../lib/storage/items/group-state.ts";

const removed = (memberId: string, reason: "session expired" | "kept what it was to let go"): GroupEvent => ({
  kind: "removed",
  memberId,
  reason,
});
const joined = (memberId: string): GroupEvent => ({ kind: "joined", member: { memberId } as GroupMember });

describe("the marks that a write touches", () => {
  test("are first of all those that must not be left out: of who joins, and of who is removed by its mark", () => {
    const overdue = Array.from({ length: 200 }, (_, at) => removed(`overdue-${at}`, "kept what it was to let go"));
    const events = [...overdue, removed("silent", "session expired"), joined("new")];
    const requests: GroupRequest[] = [{ kind: "expire", members: new Map([["silent", 77]]) }];
    const parts = markParts("billing", events, requests, 1000);
    expect(parts.length).toBeLessThanOrEqual(90);
    const of = (memberId: string) => parts.find(({ key }) => key.sk === memberMarkKey("billing", memberId).sk);
    expect(of("new")).toMatchObject({ kind: "put" });
    expect(of("silent")).toMatchObject({ kind: "delete", conditions: [{}] });
  });
});
