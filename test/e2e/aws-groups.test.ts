import { afterAll, describe, test } from "vitest";
import { Tidelog } from "../../lib/client/index.ts";
import { medianAndMost, recordFigures } from "../support/figures.ts";
import { checkGroup } from "../support/group-soak/check-group.ts";
import { watchCommitted } from "../support/group-soak/committed-watch.ts";
import { GroupActions } from "../support/group-soak/group-actions.ts";
import { ownerships } from "../support/group-soak/ownership.ts";
import { KillableServer } from "../support/kill/killable-server.ts";
import { type CloudFaults, startCloudFaults } from "../support/lambda/cloud-faults.ts";
import { cloudForTests } from "../support/lambda/cloud-for-tests.ts";
import { type LoadOptions, NumberedProducer } from "../support/load/numbered-producer.ts";
import { byLength } from "../support/test-length.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** The load goes on for so long, and until there were so many kinds of change (joins, leaves, crashes, freezes). */
const amounts = byLength({
  quick: { loadMs: 5 * SECOND_MS, sessionTimeoutMs: 3 * SECOND_MS, heartbeatMs: 500, kinds: 2 },
  short: { loadMs: 2 * MINUTE_MS, sessionTimeoutMs: 8 * SECOND_MS, heartbeatMs: SECOND_MS, kinds: 4 },
  full: { loadMs: 10 * MINUTE_MS, sessionTimeoutMs: 10 * SECOND_MS, heartbeatMs: SECOND_MS, kinds: 4 },
});
const ENVIRONMENTS_MAX = 40;
const SCHEDULE_EVERY_MS = 20 * SECOND_MS;
const PARTITIONS = 12;
const PRODUCERS = 2;
const TOPIC = "numbers";
const GROUP = "readers";
/** After the load: time to settle and to catch up. */
const EXTRA_MS = 4 * MINUTE_MS;
const BROKER_FAULT_SHARE = 0.3;

const times = {
  groupSessionTimeoutMs: String(amounts.sessionTimeoutMs),
  groupHeartbeatIntervalMs: String(amounts.heartbeatMs),
};

/** Where the members' requests go. */
interface Brokers {
  readonly name: string;
  url(): string;
  /** Between two changes of the group. */
  disturb(): Promise<void>;
}

const overServer = (): Brokers => {
  const server = KillableServer.forTests(times);
  const disturb = async (): Promise<void> => {
    await server.kill();
    await server.start();
  };
  return { name: "a server", url: () => server.url, disturb };
};

/** A stack of its own, some of whose environments are killed and frozen all the time. */
const overLambda = (): Brokers => {
  const cloud = cloudForTests({
    environmentsMax: ENVIRONMENTS_MAX,
    scheduleEveryMs: SCHEDULE_EVERY_MS,
    variables: {
      TIDELOG_GROUP_SESSION_TIMEOUT_MS: times.groupSessionTimeoutMs,
      TIDELOG_GROUP_HEARTBEAT_INTERVAL_MS: times.groupHeartbeatIntervalMs,
    },
  });
  let faults: CloudFaults | undefined;
  const freezeMsMax = amounts.sessionTimeoutMs;
  const disturb = async (): Promise<void> => {
    faults ??= startCloudFaults(cloud(), { invocationsPerKill: 200, invocationsPerFreeze: 200, freezeMsMax });
  };
  afterAll(() => faults?.stop());
  return { name: "Lambda", url: () => cloud().url, disturb };
};

describe.concurrent("members that join, leave, crash and freeze consume everything, and commit only what is theirs", () => {
  // So many processes start no group within seconds: in `npm test` the server stands for both.
  const brokers = byLength({ quick: [overServer], short: [overServer, overLambda], full: [overServer, overLambda] });
  test.each(brokers.map((open) => open()))("over $name", { timeout: amounts.loadMs + EXTRA_MS }, soak);
});

async function soak({ name, url, disturb }: Brokers): Promise<void> {
  const options: LoadOptions = { endpoint: url(), topic: TOPIC, partitions: PARTITIONS };
  await using log = new Tidelog({ endpoint: url() });
  await log.admin.createTopic({ name: TOPIC, partitions: PARTITIONS });
  const [stopSending, stopWatching] = [new AbortController(), new AbortController()];
  const { sessionTimeoutMs } = amounts;
  const actions = new GroupActions({ ...options, group: GROUP, log, sessionTimeoutMs });
  try {
    const producers = Array.from({ length: PRODUCERS }, (_, at) => new NumberedProducer(`producer${at}`, options));
    const startedMs = performance.now();
    const sending = Promise.all(producers.map((producer) => producer.sendUntil(stopSending.signal)));
    await actions.start();
    const watching = watchCommitted(log, GROUP, stopWatching.signal);
    const changing = async (): Promise<void> => {
      do {
        if (Math.random() < BROKER_FAULT_SHARE) await disturb();
        await actions.changeSome();
      } while (performance.now() - startedMs < amounts.loadMs || actions.kindsDone < amounts.kinds);
      stopSending.abort();
      await sending;
      await actions.consumedTo(await endsOf(log));
      stopWatching.abort();
    };
    await Promise.all([changing(), watching]);
    await actions.close();
    const counts = checkGroup(ownerships(actions.members), await endsOf(log));
    tell(`group over ${name}`, actions, counts);
  } finally {
    stopSending.abort();
    stopWatching.abort();
    await actions.kill();
  }
}

async function endsOf(log: Tidelog): Promise<number[]> {
  const offsets = await log.admin.offsets(TOPIC);
  return offsets.toSorted((one, other) => one.partition - other.partition).map(({ highWatermark }) => highWatermark);
}

function tell(what: string, { done, timings, membersMost }: GroupActions, counts: ReturnType<typeof checkGroup>): void {
  const { join, leave, crash, freeze } = done;
  recordFigures({
    [`${what}: joins, leaves, crashes, freezes`]: `${join}, ${leave}, ${crash}, ${freeze}`,
    [`${what}: members at a time, most`]: membersMost,
    [`${what}: records consumed, some of them again`]: `${counts.consumed}, ${counts.again}`,
    [`${what}: commits refused after a partition was lost`]: counts.refusedCommits,
    [`${what}: session, ms`]: amounts.sessionTimeoutMs,
    [`${what}: crash to its partitions' next owners, median and most ms`]: medianAndMost(timings.takenOverMs),
    [`${what}: settled after joins and leaves, median and most ms`]: medianAndMost(timings.settledMs),
  });
}
