import { build } from "esbuild";
import { expect, test } from "vitest";
import { recordFigures } from "../../support/figures.ts";
import { projectRoot } from "../../support/tidy/source-tree.ts";

const sdkBytesMax = 150_000;

test("the SDK is 150 KB or less when it is bundled, with all that it depends on, and holds no AWS SDK", async () => {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: ["lib/client/index.ts"],
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    write: false,
    metafile: true,
    outfile: "sdk.mjs",
  });
  const [bundle] = Object.values(metafile.outputs);
  recordFigures({ "SDK bundled and minified, KB": Math.round((bundle?.bytes ?? 0) / 1000) });
  expect(bundle?.bytes).toBeLessThanOrEqual(sdkBytesMax);
  expect(Object.keys(metafile.inputs).filter((file) => /@aws-sdk|aws-cdk/.test(file))).toEqual([]);
});
