import { concatBytes } from "../base/bytes.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent one after the other. */
  readonly body?: readonly Uint8Array[] | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** By its name in lower case. */
  header(name: string): string | undefined;
  readonly bytes: Uint8Array;
}

/** Sends one request and reads the whole answer. Never retries; rejects with whatever the platform throws. */
export interface HttpTransport {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Gives up idle connections. */
  close(): void;
}

/** Over any runtime's `fetch`. Redirects are not followed: they would carry the token elsewhere. */
export function fetchTransport(fetch: typeof globalThis.fetch): HttpTransport {
  return {
    async send({ method, url, headers, body, signal }) {
      const init: RequestInit = { method, headers, signal, redirect: "manual" };
      if (body !== undefined) init.body = concatBytes(body) as Uint8Array<ArrayBuffer>;
      const response = await fetch(url, init);
      return {
        status: response.status,
        header: (name) => response.headers.get(name) ?? undefined,
        bytes: new Uint8Array(await response.arrayBuffer()),
      };
    },
    close() {},
  };
}
