import type { Clock } from "../base/clock.ts";
import { LogError } from "../base/errors.ts";
import { type AwsSigning, awsSigner } from "./aws-signer.ts";
import { HttpLogService } from "./http-log-service.ts";

/** A server's address, and what it lets one in by. */
export interface RemoteAddress {
  /** "http://127.0.0.1:8080". */
  readonly endpoint: string;
  /** Sent as bearer token. */
  readonly token?: string | undefined;
  /**
   * Signs requests for AWS's IAM, in place of a token: "aws" with the credentials of the environment or of the
   * container, else as told.
   */
  readonly sign?: "aws" | AwsSigning | undefined;
  /** Sent with every request: what an authorizer of one's own looks at. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export function remoteService({ endpoint, token, sign, headers }: RemoteAddress, clock: Clock): HttpLogService {
  if (token !== undefined && sign !== undefined) {
    const message = "token and sign both make the Authorization header: give one of them";
    throw new LogError("InvalidArgument", message, { details: { field: "sign" } });
  }
  const signer = sign === undefined ? undefined : awsSigner(sign === "aws" ? {} : sign, clock);
  return new HttpLogService({ endpoint, token, signer, headers, clock });
}
