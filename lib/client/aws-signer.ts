import { AwsV4Signer } from "aws4fetch";
import { concatBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { LogError } from "../base/errors.ts";
import { awsEnvironment } from "../config/aws-environment.ts";
import { type AwsKeySource, type AwsKeys, defaultKeySource } from "./aws-credentials.ts";
import type { HttpRequest } from "./http-transport.ts";

/** How requests are signed for AWS (Signature Version 4). */
export interface AwsSigning {
  /** Read from the endpoint's name, or AWS_REGION, unless given. */
  readonly region?: string | undefined;
  /** "execute-api" for API Gateway, "lambda" for a function's own URL; read from the endpoint's name unless given. */
  readonly service?: string | undefined;
  /** A profile of AWS's configuration files; needs `@aws-sdk/credential-providers`. */
  readonly profile?: string | undefined;
  /** The environment's or the container's unless given. */
  readonly credentials?: AwsKeys | AwsKeySource | undefined;
}

/** Adds to a request's headers what proves who sends it. */
export interface RequestSigner {
  headersFor(request: Omit<HttpRequest, "signal">): Promise<Readonly<Record<string, string>>>;
}

/** Credentials are renewed so long before they end, ms: a request under way must not outlive them. */
const RENEW_MS = 5 * 60_000;
const REGION_IN_NAME = /\.(?:execute-api|lambda-url)\.([a-z0-9-]+)\./;
const FUNCTION_URL = /\.lambda-url\./;

/** Signs by Signature Version 4, with credentials that are renewed as they run out. */
export function awsSigner(signing: AwsSigning, clock: Clock): RequestSigner {
  const { credentials } = signing;
  const source: AwsKeySource = typeof credentials === "function" ? credentials : defaultKeySource(signing.profile);
  let known: AwsKeys | undefined = typeof credentials === "object" ? credentials : undefined;
  const keys = async (): Promise<AwsKeys> => {
    const endsMs = known?.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    if (known === undefined || endsMs - RENEW_MS < clock.nowMs()) known = await source();
    return known;
  };
  return {
    async headersFor({ method, url, headers, body }) {
      const region = signing.region ?? REGION_IN_NAME.exec(url.hostname)?.[1] ?? (await awsEnvironment()).region;
      if (region === undefined) throw noRegion();
      const { accessKeyId, secretAccessKey, sessionToken } = await keys();
      const signer = new AwsV4Signer({
        method,
        url: url.href,
        headers: { ...headers },
        ...(body === undefined ? {} : { body: concatBytes(body) as Uint8Array<ArrayBuffer> }),
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
        service: signing.service ?? (FUNCTION_URL.test(url.hostname) ? "lambda" : "execute-api"),
        region,
      });
      const signed = await signer.sign();
      return Object.fromEntries(new Headers(signed.headers));
    },
  };
}

function noRegion(): LogError {
  const message = "the endpoint's name tells no AWS region: give sign a region, or set AWS_REGION";
  return new LogError("InvalidArgument", message, { details: { field: "sign.region", signing: true } });
}
