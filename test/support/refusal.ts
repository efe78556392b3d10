import { LogError } from "../../lib/base/errors.ts";

/** The `LogError` that `action` fails with. A success, or any other error, is thrown. */
export async function refusalOf(action: () => unknown): Promise<LogError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof LogError) return error;
    throw error;
  }
  throw new Error("expected a LogError, but nothing was refused");
}

/** What `action` answers, or the code of the `LogError` that it fails with; any other error is thrown. */
export async function outcomeOf<T>(action: () => T | Promise<T>): Promise<{ value: T } | { code: string }> {
  try {
    return { value: await action() };
  } catch (error) {
    if (error instanceof LogError) return { code: error.code };
    throw error;
  }
}
