import type { Notices } from "./notices.ts";
import type { ServiceWatcher } from "./watched-service.ts";

/** Says once that the server is away and is being tried again, and once that it is back. */
export function outageNotices(endpoint: string, notices: Pick<Notices, "say">): ServiceWatcher {
  let away = false;
  return {
    unreachable(error) {
      if (!away) notices.say(`${error.message}; trying again until it is back`);
      away = true;
    },
    reachable() {
      if (away) notices.say(`${endpoint} is back, going on`);
      away = false;
    },
  };
}
