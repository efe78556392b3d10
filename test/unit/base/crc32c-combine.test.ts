import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { crc32c } from "../../../lib/base/crc32c.ts";
import { combineCrc32c } from "../../../lib/base/crc32c-combine.ts";

test("the checksum of two runs of bytes follows from theirs", () => {
  const run = fc.uint8Array({ maxLength: 3000 });
  fc.assert(
    fc.property(run, run, (first, second) => {
      const joined = combineCrc32c(crc32c(first), crc32c(second), second.byteLength);
      expect(joined).toBe(crc32c(concatBytes([first, second])));
    }),
  );
});

test("also when the second is long", () => {
  const first = Uint8Array.of(1, 2, 3);
  const megabyte = new Uint8Array(1024 * 1024).fill(7);
  let second = 0;
  let whole = crc32c(first);
  for (let at = 0; at < 16; at++) {
    second = crc32c(megabyte, second);
    whole = crc32c(megabyte, whole);
  }
  expect(combineCrc32c(crc32c(first), second, 16 * megabyte.byteLength)).toBe(whole);
});

test("lengths beyond 2^29 bytes, where the powers of x come round, are no exception", () => {
  const [a, b, c] = [0x12345678, 0x9abcdef0, 0x0fedcba9];
  const long = 2 ** 31 + 12_345;
  const longer = 2 ** 30 + 777;
  const fromTheLeft = combineCrc32c(combineCrc32c(a, b, long), c, longer);
  const fromTheRight = combineCrc32c(a, combineCrc32c(b, c, longer), long + longer);
  expect(fromTheLeft).toBe(fromTheRight);
});
