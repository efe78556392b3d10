/** The door `tidelog`: publish, read and administer a log, over HTTP or in this process. */
export type {
  AssignedTopic,
  CommitOffsetPart,
  DescribedMember,
  GroupDescription,
  GroupStateName,
  ListedGroup,
  OffsetTarget,
  ResetOffset,
} from "../api/group-types.ts";
export type { LogService, ServerDescription } from "../api/log-service.ts";
export type { Isolation, ListedOffset, PartitionResult, TopicPartition } from "../api/record-types.ts";
export { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, MAX_TIMESTAMP } from "../api/record-types.ts";
export type { ConfigEntry, ConfigSource, ConfigValues, TopicDescription, TopicResult } from "../api/topic-types.ts";
export type { Compression } from "../base/compression.ts";
export { ERROR_CODES, type ErrorCode, isErrorCode } from "../base/error-codes.ts";
export { type Effect, isLogError, LogError, type LogErrorOptions } from "../base/errors.ts";
export type { RecordHeader } from "../records/record-data.ts";
export {
  Admin,
  type ConfigChange,
  type NamedTopic,
  type NewTopic,
  type PartitionOffsets,
} from "./admin.ts";
export type { AwsKeySource, AwsKeys } from "./aws-credentials.ts";
export type { AwsSigning } from "./aws-signer.ts";
export type { AdminCallOptions } from "./call-options.ts";
export { type Codec, type Decoder, type Decoders, type Encoder, type Encoders, jsonCodec } from "./codec.ts";
export { Consumer, type PartitionOffset, type PollOptions } from "./consumer/consumer.ts";
export type { Assignment, ConsumerOptions, From } from "./consumer/consumer-options.ts";
export { ConsumerRecord } from "./consumer/consumer-record.ts";
export { GroupAdmin, type GroupOffset, type ResetOptions } from "./group-admin.ts";
export { GroupConsumer } from "./group-consumer/group-consumer.ts";
export type {
  CommitOptions,
  CommittedPlace,
  GroupConsumerOptions,
  OffsetReset,
  OffsetToCommit,
} from "./group-consumer/group-consumer-options.ts";
export type { Handler, HandlerContext, RunOptions } from "./group-consumer/record-lanes.ts";
export type { RebalanceListener, SubscribeOptions, Topics } from "./group-consumer/subscription.ts";
export { type CloseOptions, Producer, type PublishOptions } from "./producer/producer.ts";
export type { ProducerOptions } from "./producer/producer-options.ts";
export type { HeadersInput, PublishedRecord, PublishOutcome, PublishRecord, RecordContent } from "./record-input.ts";
export {
  type RemoteOptions,
  type ServiceOptions,
  type SharedOptions,
  Tidelog,
  type TidelogOptions,
} from "./tidelog.ts";
