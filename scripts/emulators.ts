import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startDynoxide } from "../test/support/emulators/dynoxide.ts";
import type { Emulator } from "../test/support/emulators/emulator-process.ts";
import { type KnownGap, motoGaps, versityGaps } from "../test/support/emulators/known-gaps.ts";
import { startMoto } from "../test/support/emulators/moto.ts";
import { startVersityGateway } from "../test/support/emulators/versitygw.ts";

/**
 * Runs the tests on S3 and DynamoDB over independent implementations of both, each of which it installs itself.
 * Fails when a test does that is not known to, and when one that is known to fail passes.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
/** What the tests sign with. */
const access = { id: "test-access", secret: "test-secret" };

interface Implementation {
  readonly name: string;
  readonly start: () => Promise<{ readonly s3: Emulator; readonly dynamodb: Emulator }>;
  readonly gaps: readonly KnownGap[];
  /** Tests that it cannot serve at all. */
  readonly leftOut?: readonly LeftOut[];
}

interface LeftOut {
  readonly files: string;
  readonly reason: string;
}

const implementations: readonly Implementation[] = [
  {
    name: "versitygw and dynoxide",
    start: async () => ({ s3: await startVersityGateway(access), dynamodb: await startDynoxide() }),
    gaps: versityGaps,
  },
  {
    name: "moto",
    start: async () => {
      const both = await startMoto();
      return { s3: both, dynamodb: both };
    },
    gaps: motoGaps,
    leftOut: [
      {
        files: "test/e2e/**",
        reason:
          "serves one connection at a time: a client that is frozen in the middle of a request holds up all others",
      },
      {
        files: "test/contract/aws-write-units.test.ts",
        reason: "reports a fixed consumed capacity, whatever the items' sizes, and takes minutes to do so",
      },
    ],
  },
];

interface TestResult {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

async function run(
  endpoints: Record<string, string>,
  leftOut: readonly LeftOut[] = [],
): Promise<readonly TestResult[]> {
  const scratch = mkdtempSync(path.join(tmpdir(), "tidelog-emulators-"));
  const report = path.join(scratch, "report.json");
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", "aws", "--reporter=json"];
  const without = leftOut.flatMap(({ files }) => ["--exclude", files]);
  const child = spawn(process.execPath, [...args, ...without, `--outputFile=${report}`], {
    cwd: root,
    env: { ...process.env, ...endpoints },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => {
    words = `${words}${chunk.toString()}`.slice(-4000);
  });
  await once(child, "exit");
  try {
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
      testResults: readonly { name: string; message: string; assertionResults: readonly TestResult[] }[];
    };
    return testResults.flatMap(({ name, message, assertionResults }) =>
      // A file that could not even be loaded.
      assertionResults.length > 0
        ? assertionResults
        : [{ fullName: name, status: "failed", failureMessages: [message] }],
    );
  } catch (cause) {
    throw new Error(`the tests left no report: ${words}`, { cause });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Tells how it went, and whether that is as it should be. */
function judge({ name, gaps, leftOut = [] }: Implementation, results: readonly TestResult[]): boolean {
  const failed = results.filter((result) => result.status === "failed");
  const gapOf = (result: TestResult) => gaps.find((gap) => result.fullName.startsWith(gap.test));
  const unexpected = failed.filter((result) => gapOf(result) === undefined);
  const closed = gaps.filter((gap) => !gap.sometimes && !failed.some((result) => gapOf(result) === gap));
  const passed = results.filter((result) => result.status === "passed").length;
  console.log(`${name}: ${passed} passed, ${failed.length} failed, ${unexpected.length} of them unexpectedly`);
  for (const { files, reason } of leftOut) console.log(`  left out: ${files}: it ${reason}`);
  for (const gap of gaps) console.log(`  known: ${gap.test}: it ${gap.reason}`);
  for (const { fullName, failureMessages } of unexpected) console.log(`  FAILED: ${fullName}\n${failureMessages[0]}`);
  for (const gap of closed) console.log(`  passes now, no longer a gap: ${gap.test}`);
  return unexpected.length === 0 && closed.length === 0 && passed > 0;
}

let asItShouldBe = true;
for (const implementation of implementations) {
  const { s3, dynamodb } = await implementation.start();
  try {
    const results = await run(
      { AWS_ENDPOINT_URL_S3: s3.url, AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url },
      implementation.leftOut,
    );
    asItShouldBe = judge(implementation, results) && asItShouldBe;
  } finally {
    await s3.close();
    if (dynamodb !== s3) await dynamodb.close();
  }
}
process.exit(asItShouldBe ? 0 : 1);
