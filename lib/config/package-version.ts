import { createRequire } from "node:module";

/** Two levels up from here lies the package's manifest, from source and from what is published alike. */
const manifest = createRequire(import.meta.url)("../../package.json") as { readonly version: string };

/** This package's version, as published. */
export const packageVersion: string = manifest.version;
