import { readFileSync, writeFileSync } from "node:fs";
import { openApiDocument } from "../lib/http/openapi-document.ts";

/** Writes what `/openapi.json` serves: run it after a change of the HTTP API; a test tells when it was forgotten. */
const packageFile = new URL("../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };
const document = JSON.stringify(openApiDocument(version), null, 2);
writeFileSync(new URL("../lib/http/openapi.json", import.meta.url), `${document}\n`);
