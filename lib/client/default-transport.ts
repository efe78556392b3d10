import { installNativeCrc32c } from "../base/native-crc32c.ts";
import { fetchTransport, type HttpTransport } from "./http-transport.ts";

/**
 * On Node `node:http`, which moves batches several times as fast as `fetch`, and checksums by native code where that
 * is installed; the runtime's `fetch` elsewhere.
 */
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
  const [{ nodeTransport }] = await Promise.all([import("./node-transport.ts"), installNativeCrc32c()]);
  return nodeTransport();
}
