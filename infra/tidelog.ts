/** The door `tidelog/cdk`: the log on AWS as a construct. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CfnOutput, Duration, Validations } from "aws-cdk-lib";
import { Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as FunctionTarget } from "aws-cdk-lib/aws-events-targets";
import { Grant, type IGrantable, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { BrokerFunction, type BrokerFunctionProps } from "./broker-function.ts";
import { HttpEntrance, type JwtAuthorization, type Throttle } from "./http-entrance.ts";
import { LogStorage } from "./storage.ts";
import { type AlarmsProps, LogAlarms, LogDashboard, tailAgeOf, type Watched } from "./watch.ts";

export type { JwtAuthorization, Throttle } from "./http-entrance.ts";
export type { AlarmsProps } from "./watch.ts";

/** What the janitor does; each has a schedule of its own. */
type JanitorJob = "retention" | "rewriting" | "collection" | "groups";

export interface TidelogProps {
  /** Who may come in: signed requests of IAM's users and roles, or the bearers of tokens. Default "iam". */
  readonly authorization?: "iam" | JwtAuthorization;
  /** The API's limit, for all its callers together. Default 1000 requests a second, 2000 at once. */
  readonly throttle?: Throttle;
  /** Whether the first publish to an unknown topic creates it. Default true. */
  readonly autoCreateTopics?: boolean;
  /** Partitions of a topic that is created without a number of them. Default 1. */
  readonly defaultPartitions?: number;
  /** The longest that a fetch waits in its function for records; each such second is paid for. Default 5 s. */
  readonly fetchWaitMax?: Duration;
  /** How often what is old becomes segments, and retention is applied. Default 5 min. */
  readonly sweepEvery?: Duration;
  /** How often segments are merged, and compacted where a topic wants it. Default 30 min; not below the 15 min a run may take. */
  readonly rewriteEvery?: Duration;
  /** How often what nothing refers to is deleted: each time lists the bucket. Default 1 h. */
  readonly collectEvery?: Duration;
  /** Of the functions' and the API's log lines. Default a month. */
  readonly logRetention?: RetentionDays;
  /** MB of each function; processing power grows with them. Default 1024: twice what was measured. */
  readonly memoryMb?: { readonly api?: number; readonly roller?: number; readonly janitor?: number };
  /**
   * Alarms for errors, throttles, work that failed for good, and commits that stay outside of segments for longer
   * than `tailAgeMax` (default 30 min). Each costs $0.10 a month, the age's metric $0.30. Default none.
   */
  readonly alarms?: AlarmsProps;
  /** A page of CloudWatch with the functions' metrics, and the tail's age at $0.30 a month. Default false. */
  readonly dashboard?: boolean;
  /** Where the functions' bundles lie; those of this package unless given. */
  readonly functionsFolder?: string;
}

/**
 * A log on AWS: a bucket, a table, an HTTP API and three functions. Idle it costs little more than what is stored.
 *
 * Bucket and table stay when the stack goes, since they are the log; the table has to be freed of its deletion
 * protection before it can be deleted.
 *
 * @example
 * const log = new Tidelog(this, "Log", { defaultPartitions: 4 });
 * log.grantInvoke(ordersRole);
 */
export class Tidelog extends Construct {
  readonly storage: LogStorage;
  /** What the SDK and the CLI take as endpoint. */
  readonly endpoint: string;
  readonly #entrance: HttpEntrance;

  constructor(scope: Construct, id: string, props: TidelogProps = {}) {
    super(scope, id);
    this.storage = new LogStorage(this, "Storage");
    const failures = new Queue(this, "Failures", { enforceSSL: true, retentionPeriod: Duration.days(14) });
    Validations.of(failures).acknowledge({
      id: "AwsSolutions-SQS3",
      reason: "This queue is where failed events end: nothing reads it but people.",
    });
    const { api, roller, janitor } = this.#createFunctions(props, failures);
    const sweepEvery = props.sweepEvery ?? Duration.minutes(5);
    const schedule = (name: string, work: JanitorJob, every: Duration): void => {
      const target = new FunctionTarget(janitor.lambda, { event: RuleTargetInput.fromObject({ work }) });
      new Rule(this, name, { schedule: Schedule.rate(every), targets: [target] });
    };
    schedule("Sweep", "retention", sweepEvery);
    schedule("Rewriting", "rewriting", props.rewriteEvery ?? Duration.minutes(30));
    schedule("Collection", "collection", props.collectEvery ?? Duration.hours(1));
    schedule("Groups", "groups", Duration.hours(1));
    this.#entrance = new HttpEntrance(this, "Http", {
      handler: api.lambda,
      authorization: props.authorization ?? "iam",
      throttle: props.throttle ?? { requestsPerSecond: 1000, burst: 2000 },
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
    });
    this.endpoint = this.#entrance.url;
    const watched: Watched = {
      functions: { Api: api.lambda, Roller: roller.lambda, Janitor: janitor.lambda },
      failures,
      tailAge: tailAgeOf(this.storage.table.tableName, sweepEvery),
    };
    if (props.alarms !== undefined) new LogAlarms(this, "Alarms", watched, props.alarms);
    if (props.dashboard === true) new LogDashboard(this, "Watch", watched);
    new CfnOutput(this, "BucketName", { value: this.storage.bucket.bucketName });
    new CfnOutput(this, "TableName", { value: this.storage.table.tableName });
  }

  /** Lets a role or user send requests to the API, where that is guarded by IAM. */
  grantInvoke(grantee: IGrantable): Grant {
    const resourceArns = [this.#entrance.api.arnForExecuteApi()];
    return Grant.addToPrincipal({ grantee, actions: ["execute-api:Invoke"], resourceArns });
  }

  /** Lets a role be a broker itself, by `openLog` of `tidelog/aws` with `backgroundWork: false`. */
  grantBroker(grantee: IGrantable): void {
    for (const statement of this.storage.brokerStatements()) grantee.grantPrincipal.addToPrincipalPolicy(statement);
  }

  #createFunctions(props: TidelogProps, failures: Queue) {
    const { bucket, table } = this.storage;
    const environment = {
      LOG_BUCKET: bucket.bucketName,
      LOG_TABLE: table.tableName,
      TIDELOG_AUTO_CREATE_TOPICS: String(props.autoCreateTopics ?? true),
      TIDELOG_DEFAULT_PARTITIONS: String(props.defaultPartitions ?? 1),
    };
    const shared = {
      environment,
      functionsFolder: props.functionsFolder ?? packagedFunctions(),
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
    };
    const roller = this.#createFunction("Roller", {
      ...shared,
      name: "roller",
      description: "Makes segments of what has gathered",
      memoryMb: props.memoryMb?.roller ?? 1024,
      timeout: Duration.minutes(5),
      statements: this.storage.brokerStatements(),
      failures,
    });
    const janitor = this.#createFunction("Janitor", {
      ...shared,
      name: "janitor",
      description: "Rolls what is old, applies retention, merges, compacts, collects garbage, looks after groups",
      memoryMb: props.memoryMb?.janitor ?? 1024,
      // The longest that there is: a compaction that is cut off has read for nothing.
      timeout: Duration.minutes(15),
      environment: { ...environment, LOG_METRICS: String(props.alarms !== undefined || props.dashboard === true) },
      statements: this.storage.collectorStatements(),
      failures,
    });
    const invokeRoller = new PolicyStatement({
      actions: ["lambda:InvokeFunction"],
      resources: [roller.lambda.functionArn],
    });
    const fetchWaitMs = (props.fetchWaitMax ?? Duration.seconds(5)).toMilliseconds();
    const api = this.#createFunction("Broker", {
      ...shared,
      name: "api",
      description: "Answers the HTTP API",
      memoryMb: props.memoryMb?.api ?? 1024,
      // API Gateway waits no longer than 30 s.
      timeout: Duration.seconds(29),
      environment: {
        ...environment,
        LOG_ROLLER: roller.lambda.functionName,
        LOG_FETCH_WAIT_MS_MAX: String(fetchWaitMs),
      },
      statements: [...this.storage.brokerStatements(), invokeRoller],
    });
    return { api, roller, janitor };
  }

  #createFunction(id: string, props: BrokerFunctionProps): BrokerFunction {
    const created = new BrokerFunction(this, id, props);
    this.storage.acknowledgeObjects(created);
    return created;
  }
}

/** Beside this module as it is published; under `dist`, once built, where it runs from source. */
function packagedFunctions(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const candidates = [path.join(here, "..", "functions"), path.join(here, "..", "dist", "functions")];
  const found = candidates.find((folder) => existsSync(path.join(folder, "api", "index.mjs")));
  if (found !== undefined) return found;
  throw new Error(`the functions' bundles are not in ${candidates.join(" or ")}: npm run build makes them`);
}
