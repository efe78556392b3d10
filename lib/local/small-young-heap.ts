import { setFlagsFromString } from "node:v8";

/**
 * Keeps the engine's young generation at the size that it starts with, a few MiB. What a server moves are buffers
 * outside of the heap: with room for their handles to gather in, they stay allocated long after their use, and the
 * room itself takes 120 MiB. For a process that is the server's own, before it has work.
 */
export function keepYoungHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
