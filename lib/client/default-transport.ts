import { fetchTransport, type HttpTransport } from "./http-transport.ts";

/** `node:http` where there is one, which moves batches several times as fast; the runtime's `fetch` elsewhere. */
export function defaultTransport(): HttpTransport {
  let chosen: Promise<HttpTransport> | undefined;
  return {
    send: async (request) => {
      chosen ??= chooseTransport();
      return (await chosen).send(request);
    },
    close() {
      void chosen?.then((transport) => transport.close());
    },
  };
}

async function chooseTransport(): Promise<HttpTransport> {
  if (typeof process === "undefined" || process.versions?.node === undefined || "Deno" in globalThis) {
    return fetchTransport(globalThis.fetch);
  }
  const { nodeTransport } = await import("./node-transport.ts");
  return nodeTransport();
}
