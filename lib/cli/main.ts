import { processContext } from "./command-context.ts";
import { CommandEnded } from "./command-error.ts";
import { explainError } from "./explain-error.ts";
import { createProgram } from "./program.ts";

/** Runs the command line that `args` holds, without `node` and script; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const context = processContext();
  try {
    await createProgram(context).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommandEnded) return error.exitCode;
    const { line, exitCode } = explainError(error);
    context.notices.status("");
    context.notices.say(line);
    return exitCode;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
