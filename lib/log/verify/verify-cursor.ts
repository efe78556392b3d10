import { LogError } from "../../base/errors.ts";
import { parseTopicId, type TopicId } from "../../base/ids.ts";

/** Where a verification goes on: topics by id, then partitions, then offsets. */
export interface VerifyCursor {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly offset: number;
}

const CURSOR = /^([0-9a-f]{32})\/(\d{1,9})\/(\d{1,16})$/;

export function cursorText({ topicId, partition, offset }: VerifyCursor): string {
  return `${topicId}/${partition}/${offset}`;
}

/** `InvalidArgument` for what `cursorText` did not write. */
export function parseCursor(text: string): VerifyCursor {
  const [, id, partition, offset] = CURSOR.exec(text) ?? [];
  const topicId = id === undefined ? undefined : parseTopicId(id);
  if (topicId !== undefined) return { topicId, partition: Number(partition), offset: Number(offset) };
  throw new LogError("InvalidArgument", `no place where a verification stopped: ${JSON.stringify(text.slice(0, 80))}`);
}
