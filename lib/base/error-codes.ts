/**
 * Every expected failure, once: its stable code, Kafka's number for it on the wire, and whether the same
 * request may succeed later. Names are Kafka's where Kafka has one (protocol guide, "Error Codes").
 */
export const ERROR_CODES = {
  // Kafka's own
  UnknownServerError: { kafka: -1, retriable: false },
  OffsetOutOfRange: { kafka: 1, retriable: false },
  CorruptMessage: { kafka: 2, retriable: true },
  UnknownTopicOrPartition: { kafka: 3, retriable: true },
  InvalidFetchSize: { kafka: 4, retriable: false },
  RequestTimedOut: { kafka: 7, retriable: true },
  RecordTooLarge: { kafka: 10, retriable: false },
  OffsetMetadataTooLarge: { kafka: 12, retriable: false },
  NetworkException: { kafka: 13, retriable: true },
  CoordinatorNotAvailable: { kafka: 15, retriable: true },
  InvalidTopic: { kafka: 17, retriable: false },
  InvalidRequiredAcks: { kafka: 21, retriable: false },
  InvalidGroupId: { kafka: 24, retriable: false },
  UnknownMemberId: { kafka: 25, retriable: false },
  TopicAuthorizationFailed: { kafka: 29, retriable: false },
  GroupAuthorizationFailed: { kafka: 30, retriable: false },
  ClusterAuthorizationFailed: { kafka: 31, retriable: false },
  InvalidTimestamp: { kafka: 32, retriable: false },
  UnsupportedVersion: { kafka: 35, retriable: false },
  TopicAlreadyExists: { kafka: 36, retriable: false },
  InvalidPartitions: { kafka: 37, retriable: false },
  InvalidReplicationFactor: { kafka: 38, retriable: false },
  InvalidConfig: { kafka: 40, retriable: false },
  InvalidRequest: { kafka: 42, retriable: false },
  PolicyViolation: { kafka: 44, retriable: false },
  OutOfOrderSequence: { kafka: 45, retriable: false },
  DuplicateSequence: { kafka: 46, retriable: false },
  InvalidProducerEpoch: { kafka: 47, retriable: false },
  InvalidTxnState: { kafka: 48, retriable: false },
  OperationNotAttempted: { kafka: 55, retriable: false },
  KafkaStorageError: { kafka: 56, retriable: true },
  UnknownProducerId: { kafka: 59, retriable: false },
  NonEmptyGroup: { kafka: 68, retriable: false },
  GroupIdNotFound: { kafka: 69, retriable: false },
  FencedLeaderEpoch: { kafka: 74, retriable: true },
  UnknownLeaderEpoch: { kafka: 75, retriable: true },
  UnsupportedCompressionType: { kafka: 76, retriable: false },
  GroupMaxSizeReached: { kafka: 81, retriable: false },
  FencedInstanceId: { kafka: 82, retriable: false },
  GroupSubscribedToTopic: { kafka: 86, retriable: false },
  InvalidRecord: { kafka: 87, retriable: false },
  ThrottlingQuotaExceeded: { kafka: 89, retriable: true },
  UnknownTopicId: { kafka: 100, retriable: true },
  FencedMemberEpoch: { kafka: 110, retriable: false },
  UnreleasedInstanceId: { kafka: 111, retriable: false },
  UnsupportedAssignor: { kafka: 112, retriable: false },
  StaleMemberEpoch: { kafka: 113, retriable: false },
  InvalidRegularExpression: { kafka: 128, retriable: false },
  // Ours
  /** It may have happened; what stands is not known. Retrying is safe for an idempotent producer only. */
  OutcomeUnknown: { kafka: 7, retriable: true },
  /** The store asks for fewer requests. */
  StoreThrottled: { kafka: 89, retriable: true },
  /** The store cannot be reached, or failed. */
  StoreUnavailable: { kafka: 56, retriable: true },
  /** Another transaction or conditional write was under way on the same item or object. */
  StoreConflict: { kafka: 56, retriable: true },
  /** The store refuses for want of space. */
  StoreFull: { kafka: 56, retriable: true },
  /** The process may not read or write the store. */
  StoreForbidden: { kafka: 56, retriable: false },
  /** There is no such bucket or table, or it lies elsewhere than configured. */
  StoreMissing: { kafka: 56, retriable: false },
  /** Another process holds the data directory. */
  StoreLocked: { kafka: 56, retriable: false },
  /** Stored by a newer version, or not ours at all. */
  StoreFormat: { kafka: 35, retriable: false },
  /** An item does not decode. */
  CorruptItem: { kafka: 56, retriable: false },
  /** An object is missing, too short, or its bytes do not match their checksum. */
  CorruptObject: { kafka: 56, retriable: false },
  /** The server has as much under way as it takes on. */
  Overloaded: { kafka: 89, retriable: true },
  /** The request's body is above the server's limit. */
  RequestTooLarge: { kafka: 42, retriable: false },
  /** No token, or a wrong one. */
  Unauthenticated: { kafka: 58, retriable: false },
  /** The HTTP request's content type is not one that this address takes. */
  UnsupportedMediaType: { kafka: 42, retriable: false },
  NotFound: { kafka: 42, retriable: false },
  /** The address exists, but not for this HTTP method. */
  MethodNotAllowed: { kafka: 42, retriable: false },
  /** The caller's signal aborted. */
  Aborted: { kafka: 7, retriable: false },
  /** The client, or the log, is closed. */
  Closed: { kafka: 42, retriable: false },
  /** The client's arguments are wrong: thrown before anything is sent. */
  InvalidArgument: { kafka: 42, retriable: false },
} as const satisfies Record<string, { kafka: number; retriable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}
