import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const pom = fileURLToPath(new URL("pom.xml", import.meta.url));
/** Ignored by git; made once. */
const jars = fileURLToPath(new URL("../../../.kafka-tools", import.meta.url));

/** Runs a program to its end; what it prints to stdout. Throws with what it said when it fails, or is not there. */
function run(program: string, args: readonly string[], what: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (error !== undefined) throw new Error(`${what} needs ${program}, which cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${what}: ${program} failed with ${status}: ${stderr}${stdout}`.slice(0, 4000));
  return stdout;
}

/** The jars of Apache Kafka's dump tool, from Maven Central. */
function jarsFolder(): string {
  if (existsSync(jars)) return jars;
  const fresh = `${jars}.${process.pid}`;
  try {
    const output = `-DoutputDirectory=${fresh}`;
    run("mvn", ["-q", "-B", "-f", pom, "dependency:copy-dependencies", output], "fetching Kafka's dump tool");
    renameSync(fresh, jars);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return jars;
}

/** What kafka.tools.DumpLogSegments prints of a segment that is named as Kafka names it. */
export function dumpSegment(segment: Uint8Array, directory: string): string {
  run("java", ["-version"], "Kafka's dump tool");
  const name = "00000000000000000000.log";
  writeFileSync(path.join(directory, name), segment);
  const tool = ["-cp", path.join(jarsFolder(), "*"), "kafka.tools.DumpLogSegments"];
  const options = ["--files", path.join(directory, name), "--print-data-log", "--deep-iteration"];
  return run("java", [...tool, ...options], "Kafka's dump tool").replace(`${directory}/`, "");
}
