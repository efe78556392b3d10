import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLogError } from "../../../../lib/base/errors.ts";
import type { TopicId } from "../../../../lib/base/ids.ts";
import { groupOffsetKey, parseGroupOffsetKey } from "../../../../lib/storage/item-keys.ts";
import {
  decodeGroupPiece,
  decodeGroupTip,
  decodeMemberMark,
  encodeGroupPiece,
  encodeGroupTip,
  encodeMemberMark,
  type GroupTip,
} from "../../../../lib/storage/items/group.ts";
import { decodeGroupOffset, encodeGroupOffset } from "../../../../lib/storage/items/group-offset.ts";
import { type GroupState, packGroupState, unpackGroupState } from "../../../../lib/storage/items/group-state.ts";
import { partitionKeyOf } from "../../../../lib/storage/items/partition-sets.ts";

const topicId = "00112233445566778899aabbccddeeff" as TopicId;

const state: GroupState = {
  epoch: 7,
  assignor: "uniform",
  emptySinceMs: undefined,
  topics: new Map([["t", { name: "t", topicId, partitions: 3 }]]),
  members: new Map([
    [
      "m",
      {
        memberId: "m",
        instanceId: "i",
        clientId: "c",
        subscription: { topics: ["t"], pattern: "x.*" },
        assignor: "range",
        rebalanceTimeoutMs: 1000,
        sequence: 5,
        joinedEpoch: 2,
        epoch: 7,
        assigned: new Map([
          [partitionKeyOf(topicId, 0), 2],
          [partitionKeyOf(topicId, 1), 7],
        ]),
        revoking: new Map([[partitionKeyOf(topicId, 2), 2]]),
        target: new Set([partitionKeyOf(topicId, 0), partitionKeyOf(topicId, 1)]),
        revokeByMs: 99,
        away: true,
      },
    ],
  ]),
};

/** Written by format 1: whatever reads it must go on reading it. */
const GOLDEN = [
  "010707756e69666f726d000101741000112233445566778899aabbccddeeff03010101740103782e2a01016d016300010169",
  "010572616e6765e8070502076401011000112233445566778899aabbccddeeff020001020101070110001122334455667788",
  "99aabbccddeeff01020102011000112233445566778899aabbccddeeff01000200",
].join("");

describe("the items of a group", () => {
  test("a state is what it was after it was stored, and format 1 is still read and written", () => {
    expect(unpackGroupState(packGroupState(state))).toEqual(state);
    expect(unpackGroupState(Buffer.from(GOLDEN, "hex"))).toEqual(state);
    expect(Buffer.from(packGroupState(state)).toString("hex")).toBe(GOLDEN);
  });

  test("a state that is cut off, or damaged, is told and not believed", () => {
    const packed = packGroupState(state);
    for (let length = 0; length < packed.byteLength; length++) {
      expect(() => unpackGroupState(packed.subarray(0, length))).toThrow(/group state/);
    }
    fc.assert(
      fc.property(fc.nat(packed.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = packed.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        try {
          unpackGroupState(damaged);
        } catch (error) {
          expect(isLogError(error, "CorruptItem", "StoreFormat")).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a tip, a piece, a mark and an offset are what they were", () => {
    const tip: GroupTip = {
      version: 3,
      tag: "x",
      phase: "stable",
      memberCount: 2,
      emptySinceMs: undefined,
      deleting: true,
      state: 2,
    };
    expect(decodeGroupTip(encodeGroupTip(tip))).toEqual(tip);
    const inline = { ...tip, emptySinceMs: 5, deleting: false, state: new Uint8Array([1]) };
    expect(decodeGroupTip(encodeGroupTip(inline))).toEqual(inline);
    const piece = { tag: "x", bytes: new Uint8Array([1, 2]) };
    expect(decodeGroupPiece(encodeGroupPiece(piece))).toEqual(piece);
    expect(decodeMemberMark(encodeMemberMark(77))).toBe(77);
    const fenced = { owner: "m", fence: 4, sequence: 0, committed: undefined };
    expect(decodeGroupOffset(encodeGroupOffset(fenced))).toEqual(fenced);
    const committed = { offset: 0, leaderEpoch: -1, metadata: "", committedMs: 1 };
    expect(decodeGroupOffset(encodeGroupOffset({ ...fenced, committed }))).toEqual({ ...fenced, committed });
  });

  test("the key of an offset tells its partition, and other keys tell none", () => {
    expect(parseGroupOffsetKey(groupOffsetKey("g", topicId, 9999).sk)).toEqual({ topicId, partition: 9999 });
    for (const sk of ["group", "o#x#00001", `o#${topicId}#1`]) expect(parseGroupOffsetKey(sk)).toBeUndefined();
  });
});
