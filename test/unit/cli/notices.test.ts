import { describe, expect, test } from "vitest";
import { ANONYMOUS } from "../../../lib/api/log-service.ts";
import { LogError } from "../../../lib/base/errors.ts";
import { Notices } from "../../../lib/cli/notices.ts";
import { outageNotices } from "../../../lib/cli/outage-notices.ts";
import { watchedService } from "../../../lib/cli/watched-service.ts";
import { SmallLog } from "../../support/small-log.ts";
import { testCall } from "../../support/test-call.ts";

/** What is written, in one text. */
class WrittenText {
  readonly isTTY: boolean;
  text = "";

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(part: string): boolean {
    this.text += part;
    return true;
  }
}

describe("notices", () => {
  test("are lines under the command's name", () => {
    const stream = new WrittenText(false);
    new Notices(stream).say("all is well");
    expect(stream.text).toBe("tidelog: all is well\n");
  });

  test("have no changing line where there is no terminal", () => {
    const stream = new WrittenText(false);
    new Notices(stream).status("50%");
    expect(stream.text).toBe("");
  });

  test("stand above the changing line, which comes back below them", () => {
    const stream = new WrittenText(true);
    const notices = new Notices(stream);
    notices.status("50%");
    notices.say("the server is away");
    const clear = "\u001b[1G\u001b[2K";
    expect(stream.text).toBe(`50%${clear}tidelog: the server is away\n50%`);
    notices.status("");
    expect(stream.text.endsWith(`50%${clear}`)).toBe(true);
  });
});

describe("a server that is away", () => {
  test("is told once, and once when it is back", async () => {
    const log = new SmallLog();
    const said: string[] = [];
    const watcher = outageNotices("http://here", { say: (text) => void said.push(text) });
    const service = watchedService(log, watcher);
    const ask = () =>
      service.describeServer({ ...testCall, principal: ANONYMOUS, clientId: "test" }).catch(() => undefined);
    await ask();
    log.failure = new LogError("NetworkException", "cannot reach http://here: nothing listens there");
    await ask();
    await ask();
    log.failure = undefined;
    await ask();
    await ask();
    expect(said).toEqual([
      "cannot reach http://here: nothing listens there; trying again until it is back",
      "http://here is back, going on",
    ]);
  });
});
