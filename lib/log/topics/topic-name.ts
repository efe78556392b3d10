import { LogError } from "../../base/errors.ts";
import { topicNameLengthMax, topicPartitionsMax } from "../../base/limits.ts";

const LEGAL = /^[a-zA-Z0-9._-]+$/;

/** Kafka's rule for topic names (`Topic.validate`); `InvalidTopic` says what is wrong. */
export function checkTopicName(name: string): void {
  const bad = (how: string): LogError =>
    new LogError("InvalidTopic", `topic name ${JSON.stringify(name.slice(0, topicNameLengthMax))} ${how}`, {
      details: { topic: name.slice(0, topicNameLengthMax) },
    });
  if (name === "") throw bad("is empty");
  if (name === "." || name === "..") throw bad('may not be "." or ".."');
  if (name.length > topicNameLengthMax) throw bad(`is longer than ${topicNameLengthMax} characters`);
  if (!LEGAL.test(name)) throw bad('has characters other than letters, digits, ".", "_" and "-"');
}

export function checkPartitionCount(partitions: number): void {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= topicPartitionsMax) return;
  throw new LogError("InvalidPartitions", `a topic has from 1 to ${topicPartitionsMax} partitions, not ${partitions}`, {
    details: { partitions, max: topicPartitionsMax },
  });
}
