import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { randomPool } from "./random-values.ts";

/** What a run wrote; see `trace-disk.ts`. */
export interface DiskTrace {
  readonly steps: readonly DiskStep[];
}

interface DiskStep {
  readonly kind: "staged" | "segment" | "names" | "commit";
  readonly bytes: number;
}

export function traceLength(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The steps noted between two lengths of the file. */
export function readTrace(file: string, from = 0, to = Number.POSITIVE_INFINITY): DiskTrace {
  const lines = readFileSync(file).subarray(from, to).toString("latin1").split("\n");
  const steps = lines
    .filter((line) => line !== "")
    .map((line): DiskStep => {
      const [kind, bytes = "0"] = line.split(" ");
      return { kind: kind as DiskStep["kind"], bytes: Number(bytes) };
    });
  return { steps };
}

export function bytesOf(trace: DiskTrace, ...kinds: readonly DiskStep["kind"][]): number {
  return trace.steps.reduce((sum, step) => sum + (kinds.includes(step.kind) ? step.bytes : 0), 0);
}

export function countOf(trace: DiskTrace, ...kinds: readonly DiskStep["kind"][]): number {
  return trace.steps.filter((step) => kinds.includes(step.kind)).length;
}

/** Waits until nothing is left to be written back: what others left behind is no part of the bare writes. */
export function settleDisk(): void {
  execFileSync("sync");
}

/**
 * Makes the same writes again, to one new file, with nothing around them: each piece appended, then synced; ms.
 * Segments are left out, which makes it harder to keep up with: they are the log's second copy of what was produced.
 * The file stays, as the log's do: a disk may take a place for the second time several times as fast as a new one.
 */
export function replay(trace: DiskTrace, file: string): number {
  const pool = randomPool();
  const descriptor = openSync(file, "w");
  let at = 0;
  const startedMs = performance.now();
  for (const { kind, bytes } of trace.steps) {
    if (kind === "segment") continue;
    for (let left = bytes; left > 0; ) {
      if (at === pool.byteLength) at = 0;
      const length = Math.min(left, pool.byteLength - at);
      left -= writeSync(descriptor, pool, at, length);
      at += length;
    }
    fdatasyncSync(descriptor);
  }
  const tookMs = performance.now() - startedMs;
  closeSync(descriptor);
  return tookMs;
}
