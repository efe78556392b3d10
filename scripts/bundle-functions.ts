import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const FUNCTIONS = ["api", "roller", "janitor"];

/** The version stands in the manifest, which a function does not have beside it. */
const versionInside: Plugin = {
  name: "version-inside",
  setup(bundling) {
    const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
    bundling.onLoad({ filter: /[\\/]config[\\/]package-version\.ts$/ }, () => ({
      contents: `export const packageVersion = ${JSON.stringify(version)};`,
      loader: "ts",
    }));
  },
};

/** The API's description is a twentieth of the bundle as it is, and a two-hundredth packed. */
const descriptionPacked: Plugin = {
  name: "description-packed",
  setup(bundling) {
    bundling.onLoad({ filter: /[\\/]http[\\/]openapi-text\.ts$/ }, () => {
      const document: unknown = JSON.parse(readFileSync(path.join(root, "lib", "http", "openapi.json"), "utf8"));
      const packed = gzipSync(JSON.stringify(document), { level: 9 }).toString("base64");
      const unpacking = `gunzipSync(Buffer.from("${packed}", "base64")).toString()`;
      const contents = `import { gunzipSync } from "node:zlib"; export const openApiText = ${unpacking};`;
      return { contents, loader: "ts" };
    });
  },
};

/**
 * What a function has no use for, and what stands in its place. It finds its credentials in its environment: the
 * other sources are a tenth of the bundle. Its log lines go to stdout: no thread and no file takes them.
 */
const REPLACED: Readonly<Record<string, string>> = {
  "@aws-sdk/credential-provider-node":
    'import { fromEnv } from "@aws-sdk/credential-provider-env"; export const defaultProvider = () => fromEnv();',
  "thread-stream": "module.exports = class ThreadStream {};",
  "sonic-boom": "module.exports = class SonicBoom {};",
};

const withoutTheUnused: Plugin = {
  name: "without-the-unused",
  setup(bundling) {
    const filter = new RegExp(`^(${Object.keys(REPLACED).join("|")})$`);
    bundling.onResolve({ filter }, ({ path: name, resolveDir }) => ({
      path: name,
      namespace: "replaced",
      pluginData: { resolveDir },
    }));
    bundling.onLoad({ filter: /.*/, namespace: "replaced" }, ({ path: name, pluginData }) => ({
      contents: REPLACED[name] ?? "",
      loader: "js",
      resolveDir: (pluginData as { resolveDir: string }).resolveDir,
    }));
  },
};

/** What of the libraries is CommonJS asks for Node's modules by `require`, which a module must make for itself. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Makes each function of `lambda` one file of JavaScript, in a folder of its own, under `target`. */
export async function bundleFunctions(target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: FUNCTIONS.map((name) => ({ in: `lambda/${name}.ts`, out: `${name}/index` })),
    outdir: target,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    banner: { js: REQUIRE },
    legalComments: "none",
    logLevel: "warning",
    plugins: [versionInside, descriptionPacked, withoutTheUnused],
  });
}
