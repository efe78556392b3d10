import { pathToFileURL } from "node:url";

/** One environment of a function, as a process: it loads the bundle, then answers invocations one after the other. */
interface Invocation {
  readonly event: unknown;
  readonly timeoutMs: number;
  readonly requestId: string;
}

interface Bundle {
  handler(event: unknown, context: object): Promise<unknown>;
}

const bundle = process.argv[2];
if (bundle === undefined || process.send === undefined) throw new Error("started by function-environments.ts only");
const send = process.send.bind(process);

const { handler } = (await import(pathToFileURL(bundle).href)) as Bundle;

process.on("message", async ({ event, timeoutMs, requestId }: Invocation) => {
  const endsMs = performance.now() + timeoutMs;
  const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => Math.max(0, endsMs - performance.now()) };
  try {
    // Through JSON, as Lambda hands it over.
    send({ result: JSON.stringify((await handler(event, context)) ?? null) });
  } catch (error) {
    send({ failure: String(error) });
  }
});
process.on("disconnect", () => process.exit(0));
send({ ready: true });
