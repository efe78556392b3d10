import { isLogError } from "../base/errors.ts";
import { readAttemptsMax } from "../base/limits.ts";

/**
 * Does again what failed with something retriable, a few times: for what may happen twice without harm, since its
 * conditions tell the second from the first.
 */
export async function repeatWhileRetriable<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (!isLogError(error) || !error.retriable || attempt >= readAttemptsMax) throw error;
    }
  }
}
