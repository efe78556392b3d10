/** What the environment says about AWS ("Environment variables" of the SDKs' reference guide). */
export interface AwsEnvironment {
  readonly region: string | undefined;
  readonly keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
  /** Where a container asks for its role's credentials, and by which authorization. */
  readonly container: { readonly url: string; readonly authorization: string | undefined } | undefined;
}

const CONTAINER_HOST = "http://169.254.170.2";

export async function awsEnvironment(variables: NodeJS.ProcessEnv = process.env): Promise<AwsEnvironment> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = variables;
  const { AWS_SESSION_TOKEN: sessionToken } = variables;
  const isSet = accessKeyId !== undefined && secretAccessKey !== undefined;
  const relative = variables.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const url = relative === undefined ? variables.AWS_CONTAINER_CREDENTIALS_FULL_URI : CONTAINER_HOST + relative;
  return {
    region: variables.AWS_REGION ?? variables.AWS_DEFAULT_REGION,
    keys: isSet ? { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } : undefined,
    container: url === undefined ? undefined : { url, authorization: await authorizationOf(variables) },
  };
}

/** Addresses that stand in for AWS's own, such as emulators'. */
export function awsEndpoints(variables: NodeJS.ProcessEnv = process.env): { s3?: string; dynamodb?: string } {
  const { AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_DYNAMODB: dynamodb } = variables;
  return { ...(s3 ? { s3 } : {}), ...(dynamodb ? { dynamodb } : {}) };
}

/** The file is written anew from time to time: read whenever credentials are asked for. */
async function authorizationOf(variables: NodeJS.ProcessEnv): Promise<string | undefined> {
  const file = variables.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  if (file === undefined) return variables.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const { readFile } = await import("node:fs/promises");
  return (await readFile(file, "utf8")).trim();
}
