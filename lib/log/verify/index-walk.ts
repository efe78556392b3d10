import type { Head } from "../../storage/items/head.ts";
import type { PartitionRef } from "../log-context.ts";
import { type Findings, itemFile } from "./damage.ts";
import { isUnchanged, type RawIndexItem, rawIndexItems, rawItemAt } from "./raw-index-items.ts";
import { type IndexItemSeen, verifyIndexItem } from "./verify-index-item.ts";
import type { VerifyRun } from "./verify-run.ts";

/** Index items whose bytes are read at the same time. */
const AT_ONCE = 3;

/** How a walk over a partition's index ended. */
export type Walked =
  | { readonly kind: "done" }
  | { readonly kind: "stopped"; readonly at: number }
  /** Something was replaced while it was looked at: look again from here. */
  | { readonly kind: "moved"; readonly at: number };

export interface WalkedPartition {
  readonly ref: PartitionRef;
  readonly head: Head;
  /** Where to begin; at 0 with whatever item is the first. */
  readonly from: number;
  /** Tell what is found even though things keep moving. */
  readonly insist: boolean;
  report(findings: Findings): void;
  progress(offset: number): void;
}

/** Walks the index items below the tail base: each must begin where the one before ends, and be sound in itself. */
export class IndexWalk {
  readonly segments = new Set<string>();
  /** Bases of items of entries that were met, and of those that something rolled lies above. */
  #unrolled: number[] = [];
  readonly leftBehind: number[] = [];
  bytes = 0;
  readonly #run: VerifyRun;
  readonly #partition: WalkedPartition;
  /** Where the next item must begin; undefined as long as any place up to the log start will do. */
  #expected: number | undefined;
  #first = true;

  constructor(run: VerifyRun, partition: WalkedPartition) {
    this.#run = run;
    this.#partition = partition;
    this.#expected = partition.from === 0 ? undefined : partition.from;
  }

  async walk(): Promise<Walked> {
    const { ref, head } = this.#partition;
    let from = await this.#start();
    for (let more = true; more; ) {
      const page = await rawIndexItems(this.#run, ref, { from, to: head.tailBase });
      for (let at = 0; at < page.items.length; at += AT_ONCE) {
        if (this.#run.stopped) return { kind: "stopped", at: this.#place };
        const settled = await this.#takeAll(page.items.slice(at, at + AT_ONCE));
        if (!settled) return { kind: "moved", at: this.#place };
        this.#partition.progress(this.#place);
      }
      more = page.more;
      from = (page.items.at(-1)?.base ?? head.tailBase) + 1;
    }
    const expected = this.#expected ?? head.logStart;
    if (expected >= head.tailBase) return { kind: "done" };
    if (await this.#isAnswered(expected)) return { kind: "moved", at: this.#place };
    this.#reportGap(expected, head.tailBase);
    return { kind: "done" };
  }

  get #place(): number {
    return this.#expected ?? 0;
  }

  /** The item that answers for the offset to begin at may begin below it. */
  async #start(): Promise<number> {
    const { ref, from } = this.#partition;
    return from === 0 ? 0 : Math.min(from, (await rawItemAt(this.#run, ref, from))?.base ?? from);
  }

  /** False when something is no longer as it was found: look again. */
  async #takeAll(items: readonly RawIndexItem[]): Promise<boolean> {
    const { ref, head } = this.#partition;
    const place = { ref, epoch: head.epoch };
    for (const seen of await Promise.all(items.map((raw) => verifyIndexItem(this.#run, place, raw)))) {
      if (!(await this.#take(seen))) return false;
    }
    return true;
  }

  async #take({ raw, findings, end, bytes }: IndexItemSeen): Promise<boolean> {
    const { base } = raw;
    const expected = this.#expected ?? Math.min(base, this.#partition.head.logStart);
    const overlaps = base < expected && !this.#first;
    if (base > expected && (await this.#isAnswered(expected))) return false;
    const doubtful = overlaps || findings.length > 0;
    if (doubtful && !this.#partition.insist && !(await isUnchanged(this.#run, raw))) return false;
    if (base > expected) this.#reportGap(expected, base);
    if (overlaps) {
      const what = `it overlaps with the index item before it, which ends at offset ${expected}`;
      this.#partition.report([{ file: itemFile(raw.key), offsets: { from: base, to: expected }, what }]);
    }
    this.#partition.report(findings);
    this.#note(raw);
    this.bytes += bytes;
    this.#first = false;
    this.#expected = Math.max(expected, end ?? base + 1);
    return true;
  }

  #note({ base, item }: RawIndexItem): void {
    if (typeof item === "string") return;
    if (item.kind === "entries") this.#unrolled.push(base);
    else {
      this.leftBehind.push(...this.#unrolled);
      this.#unrolled = [];
    }
    if (item.kind === "segment") this.segments.add(item.segment.objectKey);
  }

  /** Whether an offset that nothing answered for is answered for now, or need not be any more. */
  async #isAnswered(offset: number): Promise<boolean> {
    const { ref, head, insist } = this.#partition;
    if (insist) return false;
    const covering = await rawItemAt(this.#run, ref, offset);
    if (typeof covering?.item === "object" && covering.item.end > offset && !this.#isBehind(covering.base)) return true;
    const now = await this.#run.headNow(ref);
    return now !== undefined && now.logStart > head.logStart && now.logStart > offset;
  }

  /** An item that this walk has met, which cannot answer for what comes after it. */
  #isBehind(base: number): boolean {
    return this.#expected !== undefined && !this.#first && base < this.#expected;
  }

  #reportGap(from: number, to: number): void {
    const { ref } = this.#partition;
    const what = `no index item answers for offsets ${from} to ${to}`;
    this.#partition.report([{ file: `item p#${ref.topicId}#${ref.partition} i#`, offsets: { from, to }, what }]);
  }
}
