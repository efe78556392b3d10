import type { ErrorCode } from "../../base/error-codes.ts";

/** The HTTP status of every error, once (RFC 9110, section 15). */
export const HTTP_STATUS = {
  UnknownServerError: 500,
  OffsetOutOfRange: 416,
  CorruptMessage: 400,
  UnknownTopicOrPartition: 404,
  InvalidFetchSize: 400,
  RequestTimedOut: 504,
  RecordTooLarge: 413,
  OffsetMetadataTooLarge: 400,
  NetworkException: 502,
  InvalidTopic: 400,
  InvalidRequiredAcks: 400,
  TopicAuthorizationFailed: 403,
  ClusterAuthorizationFailed: 403,
  InvalidTimestamp: 400,
  UnsupportedVersion: 400,
  TopicAlreadyExists: 409,
  InvalidPartitions: 400,
  InvalidReplicationFactor: 400,
  InvalidConfig: 400,
  InvalidRequest: 400,
  OutOfOrderSequence: 409,
  DuplicateSequence: 409,
  InvalidProducerEpoch: 409,
  InvalidTxnState: 409,
  OperationNotAttempted: 503,
  KafkaStorageError: 503,
  UnknownProducerId: 409,
  FencedLeaderEpoch: 409,
  UnknownLeaderEpoch: 409,
  UnsupportedCompressionType: 400,
  InvalidRecord: 400,
  ThrottlingQuotaExceeded: 429,
  UnknownTopicId: 404,
  OutcomeUnknown: 504,
  StoreThrottled: 429,
  StoreUnavailable: 503,
  StoreConflict: 503,
  StoreFull: 507,
  StoreForbidden: 500,
  StoreLocked: 500,
  StoreFormat: 500,
  CorruptItem: 500,
  CorruptObject: 500,
  Overloaded: 503,
  RequestTooLarge: 413,
  Unauthenticated: 401,
  UnsupportedMediaType: 415,
  NotFound: 404,
  MethodNotAllowed: 405,
  /** The client closed the request: nobody reads this status, but the access log shows it. */
  Aborted: 499,
  Closed: 503,
  InvalidArgument: 400,
} as const satisfies Record<ErrorCode, number>;

export type HttpErrorStatus = (typeof HTTP_STATUS)[ErrorCode];

export function httpStatusOf(code: ErrorCode): HttpErrorStatus {
  return HTTP_STATUS[code];
}
