import type { LogService, Principal } from "../api/log-service.ts";
import type { Runtime } from "../base/runtime.ts";
import type { ByteShare } from "./byte-budget.ts";

export interface HttpAppOptions {
  readonly service: LogService;
  readonly runtime: Runtime;
  /** Demanded as bearer token of every request but health checks. */
  readonly token?: string | undefined;
  /**
   * Host names that requests may name, beside the loopback's own: against pages that rebind their name to this
   * address. "any" where a token or something in front guards already.
   */
  readonly allowHosts?: readonly string[] | "any";
  /** Prometheus's text for `/metrics`; without it the address is not found. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly bodyBytesMax?: number;
  /** Request bodies held at a time, all together. */
  readonly bodiesBytesMax?: number;
}

/** What a server may hand in beside the standard Request, to spare its body the way through web streams. */
export interface HttpBindings {
  /** The body's chunks; stays usable after an early return. */
  readonly chunks?: AsyncIterable<Uint8Array>;
  /** Who sends the request, where something in front has found that out already; no token is demanded then. */
  readonly principal?: Principal;
  /**
   * Takes the body of an answer in parts, to be written one behind the other without being joined. The answer has
   * its status and headers, the length among them, and no body. Called at most once, with what must not change.
   */
  readonly takeBody?: (parts: readonly Uint8Array[]) => void;
}

export interface HttpApp {
  fetch(request: Request, bindings?: HttpBindings): Promise<Response>;
}

/** Hono's type of this app: the server's bindings, and what the middleware finds out about each request. */
export interface HttpEnv {
  Bindings: HttpBindings;
  Variables: {
    /** On `Clock.monotonicMs`. */
    startedMs: number;
    requestId: string;
    principal: Principal;
    share: ByteShare;
    bodyBytesMax: number;
  };
}
