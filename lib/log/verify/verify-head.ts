import { messageOf } from "../../base/errors.ts";
import { controlKey, headKey } from "../../storage/item-keys.ts";
import { type Control, decodeControl } from "../../storage/items/control.ts";
import { decodeHead, type Head } from "../../storage/items/head.ts";
import { decodeProducerState } from "../../storage/items/producer-state.ts";
import type { PartitionRef } from "../log-context.ts";
import { type Findings, itemFile } from "./damage.ts";
import type { VerifyRun } from "./verify-run.ts";

/** The two items that decide everything of a partition; undefined where one cannot be worked with. */
export interface Deciding {
  readonly head: Head | undefined;
  readonly control: Control | undefined;
  readonly findings: Findings;
}

/** Reads head and control, and checks that they agree with themselves and each other. */
export async function verifyHead(run: VerifyRun, ref: PartitionRef): Promise<Deciding> {
  const findings: Findings = [];
  // The control first: a spill moves it before the head.
  const control = await readItem(run, controlKey(ref.topicId, ref.partition), decodeControl, findings);
  const head = await readItem(run, headKey(ref.topicId, ref.partition), decodeHead, findings);
  if (head !== undefined) findings.push(...wrongHead(ref, head));
  if (control !== undefined) findings.push(...wrongControl(ref, control, head));
  return { head, control, findings };
}

async function readItem<Decoded>(
  run: VerifyRun,
  key: ReturnType<typeof headKey>,
  decode: (item: Parameters<typeof decodeHead>[0]) => Decoded,
  findings: Findings,
): Promise<Decoded | undefined> {
  const item = await run.stores.items.get(key, run.newCall());
  try {
    if (item !== undefined) return decode(item);
    findings.push({ file: itemFile(key), what: "it does not exist" });
  } catch (error) {
    findings.push({ file: itemFile(key), what: messageOf(error) });
  }
  return undefined;
}

function wrongHead(ref: PartitionRef, head: Head): Findings {
  const wrong: string[] = [];
  const { next, logStart, tailBase, tail } = head;
  if (head.topicId !== ref.topicId) wrong.push(`it is that of topic ${head.topicId}`);
  if (head.state !== "open") wrong.push(`its state is ${head.state}, of a topic that is open`);
  if (logStart < 0 || logStart > next) wrong.push(`log start ${logStart} is beyond the high watermark ${next}`);
  if (tailBase < 0 || tailBase > next) wrong.push(`tail base ${tailBase} is beyond the high watermark ${next}`);
  if (tail.length === 0 && tailBase !== next) wrong.push(`the tail is empty, and covers ${tailBase} to ${next}`);
  if (head.tailCount !== tail.length) wrong.push(`it counts ${head.tailCount} entries in a tail of ${tail.length}`);
  const tailBytes = tail.reduce((sum, { packed }) => sum + packed.byteLength, 0);
  if (head.tailBytes !== tailBytes) wrong.push(`it counts ${head.tailBytes} bytes in a tail of ${tailBytes}`);
  const producers = Object.keys(head.producers).length;
  if (head.producerCount !== producers) wrong.push(`it counts ${head.producerCount} producers of ${producers}`);
  for (const [id, state] of Object.entries(head.producers)) {
    try {
      if (!(state instanceof Uint8Array)) wrong.push(`producer ${id} has no packed state`);
      else decodeProducerState(state);
    } catch (error) {
      wrong.push(`producer ${id}: ${messageOf(error)}`);
    }
  }
  const file = itemFile(headKey(ref.topicId, ref.partition));
  return wrong.map((what) => ({ file, what }));
}

function wrongControl(ref: PartitionRef, control: Control, head: Head | undefined): Findings {
  const wrong: string[] = [];
  const { spilledEnd, epochStarts } = control;
  if (control.topicId !== ref.topicId) wrong.push(`it is that of topic ${control.topicId}`);
  const ascending = epochStarts.every(({ epoch, startOffset }, index) => {
    const before = epochStarts[index - 1];
    return before === undefined
      ? epoch === 0 && startOffset === 0
      : epoch > before.epoch && startOffset >= before.startOffset;
  });
  if (!ascending || epochStarts.length === 0) wrong.push("its leader epochs do not ascend from epoch 0 at offset 0");
  const lastEpoch = epochStarts.at(-1)?.epoch ?? 0;
  if (head !== undefined && lastEpoch > head.epoch) {
    wrong.push(`it knows leader epoch ${lastEpoch}, above the head's ${head.epoch}`);
  }
  if (head !== undefined && spilledEnd > head.next) {
    wrong.push(`its spilled end ${spilledEnd} is beyond the high watermark ${head.next}`);
  }
  const file = itemFile(controlKey(ref.topicId, ref.partition));
  return wrong.map((what) => ({ file, what }));
}
