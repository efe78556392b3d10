import type { LogService } from "../../../lib/api/log-service.ts";

/** A service with some of its methods replaced. */
export function serviceWith(service: LogService, other: Partial<LogService>): LogService {
  return new Proxy(service, {
    get: (target, method: keyof LogService) => other[method] ?? target[method],
  });
}
