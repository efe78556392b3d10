// Prints "passed failed" out of Vitest's JSON report. A run that failed for another reason than a test (no report,
// an error outside every test, nothing to run) counts as one failure more. Plain JavaScript: any Node runs it.
import { readFileSync } from "node:fs";

const [file, exitedWell] = process.argv.slice(2);
let report = { numPassedTests: 0, numFailedTests: 0 };
try {
  report = JSON.parse(readFileSync(file, "utf8"));
} catch {
  // No report: npm ci failed, or the run died.
}
const { numPassedTests: passed, numFailedTests: failed } = report;
const failedOtherwise = failed === 0 && (exitedWell !== "yes" || passed === 0);
console.log(passed, failed + (failedOtherwise ? 1 : 0));
