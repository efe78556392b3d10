import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { Output } from "../../../lib/cli/output.ts";

function failingWith(code: string): Writable {
  return new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error(`write ${code}`), { code }));
    },
  });
}

describe("a command's output", () => {
  test("waits until the reader has taken what was written", async () => {
    const taken: (() => void)[] = [];
    const output = new Output(new Writable({ write: (_chunk, _encoding, done) => void taken.push(done) }));
    let written = false;
    const writing = output.write("a").then(() => {
      written = true;
    });
    await Promise.resolve();
    expect(written).toBe(false);
    taken[0]?.();
    await writing;
  });

  test("ends quietly when its reader has left", async () => {
    const output = new Output(failingWith("EPIPE"));
    await output.write("a");
    await output.write("b");
    expect(output.ended.aborted).toBe(true);
  });

  test("fails when it cannot be written for another reason, such as a full disk", async () => {
    const output = new Output(failingWith("ENOSPC"));
    await expect(output.write("a")).rejects.toThrow("the output cannot be written: write ENOSPC");
    expect(output.ended.aborted).toBe(true);
  });
});
