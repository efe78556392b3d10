export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** How one service of AWS is reached. Without a type of the SDK's, so that doors can tell it who have no SDK. */
export interface AwsClientOptions {
  /** The SDK's own search (AWS_REGION, the profile) unless given. */
  readonly region?: string;
  /** Of AWS's configuration files; AWS_PROFILE unless given. */
  readonly profile?: string;
  /** AWS itself unless given. */
  readonly endpoint?: string;
  /** The SDK's own search (environment, profile, container, instance) unless given. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
}
