import { LogError } from "../base/errors.ts";
import { awsEnvironment } from "../config/aws-environment.ts";

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they cease to be valid; absent for lasting ones. */
  readonly expiration?: Date | undefined;
}

export type AwsKeySource = () => Promise<AwsKeys>;

/** Package of the AWS SDK that knows all further sources; installed apart by whoever needs them. */
const PROVIDERS_PACKAGE = "@aws-sdk/credential-providers";

interface Providers {
  fromNodeProviderChain(options: { profile?: string }): AwsKeySource;
}

/**
 * Credentials where a program on AWS finds them: in the environment, or from its container's address. A profile,
 * which may mean single sign-on, and anything else is left to `@aws-sdk/credential-providers`.
 */
export function defaultKeySource(profile: string | undefined): AwsKeySource {
  return async () => {
    if (profile !== undefined) return fromProviders(profile);
    const { keys, container } = await awsEnvironment();
    if (keys !== undefined) return keys;
    return container === undefined ? fromProviders(undefined) : fromContainer(container);
  };
}

async function fromContainer(at: { url: string; authorization: string | undefined }): Promise<AwsKeys> {
  const headers: Record<string, string> = at.authorization === undefined ? {} : { authorization: at.authorization };
  const answer = await fetch(at.url, { headers });
  const told = answer.ok ? ((await answer.json()) as Record<string, unknown>) : {};
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token, Expiration } = told;
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    const next = "give the container a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    throw refused(`${at.url} gives no AWS credentials (status ${answer.status}); ${next}`);
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: typeof Token === "string" ? Token : undefined,
    expiration: typeof Expiration === "string" ? new Date(Expiration) : undefined,
  };
}

async function fromProviders(profile: string | undefined): Promise<AwsKeys> {
  const providers = await loadProviders(profile);
  try {
    return await providers.fromNodeProviderChain(profile === undefined ? {} : { profile })();
  } catch (cause) {
    throw refused("no AWS credentials were found; sign in, or name a profile that has some", cause);
  }
}

async function loadProviders(profile: string | undefined): Promise<Providers> {
  try {
    return (await import(PROVIDERS_PACKAGE)) as Providers;
  } catch (cause) {
    const why = profile === undefined ? "the environment holds no AWS credentials" : `profile ${profile} is wanted`;
    throw refused(`${why}: profiles and single sign-on need npm install ${PROVIDERS_PACKAGE}`, cause);
  }
}

function refused(message: string, cause?: unknown): LogError {
  return new LogError("Unauthenticated", message, { cause, details: { signing: true } });
}
