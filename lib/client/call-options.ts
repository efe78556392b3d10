/** What every administrative call takes. */
export interface AdminCallOptions {
  readonly signal?: AbortSignal | undefined;
}
