import type { ErrorCode } from "../../base/error-codes.ts";
import { type Effect, isLogError, LogError, messageOf } from "../../base/errors.ts";
import type { AwsOperation } from "./aws-operation.ts";
import { neverSent } from "./network-failure.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly effect: Effect;
  readonly says: (operation: AwsOperation, name: string) => string;
}

const throttled: Meaning = {
  code: "StoreThrottled",
  effect: "none",
  says: ({ what, resource }) => `${what}: ${resource} gets more requests than it takes`,
};
const conflict: Meaning = {
  code: "StoreConflict",
  effect: "none",
  says: ({ what, resource }) => `${what}: another write to the same place in ${resource} was under way`,
};
/** A duplicate of this very request may yet take effect. */
const inProgress: Meaning = { ...conflict, effect: "unknown" };
const unavailable: Meaning = {
  code: "StoreUnavailable",
  effect: "unknown",
  says: ({ what, resource }, name) => `${what}: ${resource} failed (${name})`,
};
/** The body or the signature did not arrive as it was meant: nothing was done. */
const garbled: Meaning = { ...unavailable, effect: "none" };
const forbidden: Meaning = {
  code: "StoreForbidden",
  effect: "none",
  says: ({ what, actions, resource }) =>
    `${what}: AWS refuses ${actions.join(" or ")} on ${resource}: allow it in the policy of this process's role`,
};
const unauthenticated: Meaning = {
  code: "StoreForbidden",
  effect: "none",
  says: ({ what, resource }, name) =>
    `${what}: ${resource} does not accept this process's AWS credentials (${name}): renew them, or name others ` +
    "by AWS_PROFILE or AWS_ACCESS_KEY_ID",
};
const noCredentials: Meaning = {
  code: "StoreForbidden",
  effect: "none",
  says: ({ what }) =>
    `${what}: no AWS credentials were found: give this process a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID ` +
    "and AWS_SECRET_ACCESS_KEY",
};
const missing: Meaning = {
  code: "StoreMissing",
  effect: "none",
  says: ({ what, resource }) =>
    `${what}: there is no ${resource} in this account and region: create it, or correct its name or AWS_REGION`,
};
const elsewhere: Meaning = {
  code: "StoreMissing",
  effect: "none",
  says: ({ what, resource }) => `${what}: ${resource} lies in another region: set AWS_REGION to its own`,
};
const invalid: Meaning = {
  code: "InvalidRequest",
  effect: "none",
  says: ({ what, resource }, name) => `${what}: ${resource} refuses the request (${name})`,
};
const timedOut: Meaning = {
  code: "RequestTimedOut",
  effect: "unknown",
  says: ({ what }) => `${what}: no answer before its deadline`,
};

/** By the error codes of S3 (API reference, "Error responses") and DynamoDB ("Error handling with DynamoDB"). */
const BY_NAME: Readonly<Record<string, Meaning>> = {
  SlowDown: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  ProvisionedThroughputExceededException: throttled,
  RequestLimitExceeded: throttled,
  TooManyRequestsException: throttled,
  LimitExceededException: throttled,
  ConditionalRequestConflict: conflict,
  OperationAborted: conflict,
  TransactionConflictException: conflict,
  ReplicatedWriteConflictException: conflict,
  TransactionInProgressException: inProgress,
  AccessDenied: forbidden,
  AccessDeniedException: forbidden,
  AllAccessDisabled: forbidden,
  CredentialsProviderError: noCredentials,
  TokenProviderError: noCredentials,
  ExpiredToken: unauthenticated,
  ExpiredTokenException: unauthenticated,
  InvalidAccessKeyId: unauthenticated,
  InvalidToken: unauthenticated,
  MissingAuthenticationTokenException: unauthenticated,
  SignatureDoesNotMatch: unauthenticated,
  InvalidSignatureException: unauthenticated,
  IncompleteSignatureException: unauthenticated,
  UnrecognizedClientException: unauthenticated,
  NoSuchBucket: missing,
  ResourceNotFoundException: missing,
  PermanentRedirect: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  BadDigest: garbled,
  IncompleteBody: garbled,
  RequestTimeout: garbled,
  XAmzContentChecksumMismatch: garbled,
  XAmzContentSHA256Mismatch: garbled,
  // The SDK has learnt the right time from this answer: the next request bears it.
  RequestTimeTooSkewed: garbled,
};

/** The region that an answer about the wrong one names; for people. */
const REGION_HEADER = "x-amz-bucket-region";

/** Anything that the SDK threw, as what it means for the store's caller. Never decided by a message's text. */
export function logErrorOf(error: unknown, operation: AwsOperation): LogError {
  if (isLogError(error)) return error;
  const { name, status, region } = factsOf(error);
  const meaning = BY_NAME[name] ?? byStatus(status) ?? byNetwork(error);
  const hint = meaning === elsewhere && region !== undefined ? ` (${region})` : "";
  return new LogError(meaning.code, `${meaning.says(operation, name)}${hint}`, {
    effect: meaning.effect,
    cause: error,
    details: { error: name, ...(status === undefined ? {} : { status }), reason: messageOf(error) },
  });
}

/** The failure of an operation whose deadline passed, or whose caller gave up, after it was begun. */
export function timedOutError(operation: AwsOperation, cause?: unknown): LogError {
  return new LogError(timedOut.code, timedOut.says(operation, ""), { effect: timedOut.effect, cause });
}

/** Whether the SDK threw the error of this name. */
export function isAwsError<Name extends string>(error: unknown, ...names: readonly Name[]): boolean {
  return names.includes(factsOf(error).name as Name);
}

function byStatus(status: number | undefined): Meaning | undefined {
  if (status === undefined || status < 300) return undefined;
  if (status < 400) return elsewhere;
  if (status >= 500) return unavailable;
  return ({ 403: forbidden, 409: conflict, 429: throttled } as const)[status] ?? invalid;
}

function byNetwork(error: unknown): Meaning {
  return neverSent(error) ? garbled : unavailable;
}

interface Facts {
  readonly name: string;
  readonly status: number | undefined;
  readonly region: string | undefined;
}

function factsOf(error: unknown): Facts {
  const { name, code, $metadata, $response } = (typeof error === "object" && error !== null ? error : {}) as {
    name?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Record<string, string> };
  };
  return {
    // What failed on the way has no status, and a code that says more than its name.
    name: $metadata?.httpStatusCode === undefined && typeof code === "string" ? code : String(name),
    status: $metadata?.httpStatusCode,
    region: $response?.headers?.[REGION_HEADER],
  };
}
