/**
 * Loaded before a server or an engine (`--import`), notes every durable write that its stores make: a line each in
 * the file of BENCH_DISK_TRACE, so that the same writes can be made again without the log around them.
 *
 *   staged BYTES     a staged object: written, then synced
 *   segment BYTES    a segment: written, then synced
 *   names            a directory: synced
 *   commit BYTES     a commit of the item store: BYTES of rows written, then synced
 */
import { openSync, writeSync } from "node:fs";
import files, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { StatementSync } from "node:sqlite";

const path = process.env.BENCH_DISK_TRACE;
if (path !== undefined) trace(openSync(path, "a"));

function trace(file: number): void {
  const note = (line: string): void => {
    writeSync(file, `${line}\n`);
  };
  traceFiles(note);
  traceCommits(note);
}

function traceFiles(note: (line: string) => void): void {
  const { open, rename } = files;
  const written = new Map<string, number>();
  const noting = async (...asked: Parameters<typeof open>): Promise<FileHandle> => {
    const file = await open(...asked);
    const name = String(asked[0]);
    if (asked[1] === "wx") {
      const { writev } = file;
      file.writev = async (parts, position) => {
        const result = await writev.call(file, parts, position);
        written.set(name, (written.get(name) ?? 0) + result.bytesWritten);
        return { ...result, buffers: parts };
      };
    } else {
      const { sync } = file;
      file.sync = () => {
        note("names");
        return sync.call(file);
      };
    }
    return file;
  };
  files.open = noting;
  files.rename = async (from, to) => {
    await rename(from, to);
    note(`${String(to).includes("/staged/") ? "staged" : "segment"} ${written.get(String(from)) ?? 0}`);
    written.delete(String(from));
  };
  syncBuiltinESMExports();
}

function traceCommits(note: (line: string) => void): void {
  const { run } = StatementSync.prototype;
  let bytes = 0;
  StatementSync.prototype.run = function noting(this: StatementSync, ...values: unknown[]) {
    const result = run.apply(this, values as Parameters<typeof run>);
    const value: unknown = values[2];
    if (value instanceof Uint8Array) bytes += value.byteLength;
    else if (this.sourceSQL === "COMMIT") {
      note(`commit ${bytes}`);
      bytes = 0;
    }
    return result;
  };
}
