import type { RemoteAddress } from "../client/remote-service.ts";
import type { Config } from "../config/settings.ts";

/** Names that AWS gives to APIs and functions: IAM guards them, unless a token is given. */
const AWS_NAME = /\.(execute-api|lambda-url)\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)$/;

/** Where commands send their requests, and what lets them in there. */
export function remoteAddress(config: Pick<Config, "endpoint" | "token" | "sign" | "awsProfile">): RemoteAddress {
  const { endpoint, token, sign, awsProfile: profile } = config;
  if (!(sign === "aws" || (sign === "auto" && token === undefined && isOfAws(endpoint, profile)))) {
    return { endpoint, token };
  }
  return { endpoint, token, sign: profile === undefined ? "aws" : { profile } };
}

function isOfAws(endpoint: string, profile: string | undefined): boolean {
  return profile !== undefined || AWS_NAME.test(new URL(endpoint).hostname);
}
