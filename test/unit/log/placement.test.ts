import { describe, expect, test } from "vitest";
import { placementOf } from "../../../lib/log/append/placement.ts";

const limits = { inlineBytesMax: 200, stagedItemBytesMax: 4096 - 128 };

describe("the placement of a flush", () => {
  test.each([
    [200, "inline"],
    [201, "item"],
    [3968, "item"],
    [3969, "object"],
  ])("puts a lone group of %i bytes into the %s", (bytes, kind) => {
    expect(placementOf(limits, [bytes])(bytes)).toBe(kind);
  });

  test("writes items as long as they cost no more than one object, together", () => {
    const four = [800, 800, 800, 800];
    expect(placementOf(limits, four)(800)).toBe("item");
    expect(placementOf(limits, [...four, 800])(800)).toBe("object");
    // A larger item is paid for by the KiB, and what else is stored with it counts.
    expect(placementOf(limits, [2000, 800])(800)).toBe("item");
    expect(placementOf(limits, [2000, 2000])(2000)).toBe("object");
  });

  test("writes no item beside an object, which takes any number of partitions", () => {
    const placement = placementOf(limits, [800, 10_000]);
    expect(placement(800)).toBe("object");
    expect(placement(100)).toBe("inline");
  });

  test("leaves inline what is small, however many there are", () => {
    expect(
      placementOf(
        limits,
        Array.from({ length: 1000 }, () => 100),
      )(100),
    ).toBe("inline");
  });
});
