import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { App, Duration, Stack, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks } from "cdk-nag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Tidelog, type TidelogProps } from "../../../infra/tidelog.ts";
import { tailAgeLine } from "../../../lambda/tail-age-line.ts";

let functionsFolder: string;
beforeAll(() => {
  functionsFolder = mkdtempSync(path.join(tmpdir(), "tidelog-infra-"));
  for (const name of ["api", "roller", "janitor"]) {
    mkdirSync(path.join(functionsFolder, name));
    writeFileSync(path.join(functionsFolder, name, "index.mjs"), `export const name = "${name}";`);
  }
});
afterAll(() => rmSync(functionsFolder, { recursive: true, force: true }));

function stackWith(props: TidelogProps = {}): { stack: Stack; log: Tidelog } {
  const stack = new Stack(new App(), "Test");
  return { stack, log: new Tidelog(stack, "Log", { functionsFolder, ...props }) };
}

const templateOf = (props: TidelogProps): Template => Template.fromStack(stackWith(props).stack);

let plain: Template | undefined;
/** Of a log without any options: made once. */
const plainTemplate = (): Template => {
  plain ??= templateOf({});
  return plain;
};

interface Policy {
  readonly Properties: {
    readonly Roles: readonly { readonly Ref: string }[];
    readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | string[] }[] };
  };
}

/** The actions that the policies of each role allow, by the role's logical id. */
function actionsByRole(template: Template): Record<string, string[]> {
  const byRole: Record<string, string[]> = {};
  for (const { Properties } of Object.values(template.findResources("AWS::IAM::Policy")) as Policy[]) {
    const actions = Properties.PolicyDocument.Statement.flatMap((statement) => statement.Action);
    for (const { Ref } of Properties.Roles) byRole[Ref] = [...(byRole[Ref] ?? []), ...actions];
  }
  return byRole;
}

describe("what keeps the log", () => {
  test("is a bucket without public access, over TLS only, in which nothing expires", () => {
    const template = plainTemplate();
    template.hasResource("AWS::S3::Bucket", { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" });
    template.hasResourceProperties("AWS::S3::Bucket", {
      BucketEncryption: Match.anyValue(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: "Enabled" }],
      },
    });
    template.hasResourceProperties("AWS::S3::BucketPolicy", {
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } })],
      },
    });
  });

  test("is one table on demand, which can be restored and not be deleted by accident", () => {
    const template = plainTemplate();
    template.resourceCountIs("AWS::DynamoDB::Table", 1);
    template.hasResource("AWS::DynamoDB::Table", {
      DeletionPolicy: "Retain",
      Properties: {
        BillingMode: "PAY_PER_REQUEST",
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
        TimeToLiveSpecification: Match.absent(),
      },
    });
  });
});

describe("the functions", () => {
  test("run on arm64 and Node 24, keep their logs for a month, and know bucket and table", () => {
    const template = plainTemplate();
    template.resourceCountIs("AWS::Lambda::Function", 3);
    template.allResourcesProperties("AWS::Lambda::Function", {
      Architectures: ["arm64"],
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Environment: { Variables: Match.objectLike({ LOG_BUCKET: Match.anyValue(), LOG_TABLE: Match.anyValue() }) },
    });
    template.hasResourceProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
  });

  test("may delete objects only where it is the collector's work", () => {
    const actions = actionsByRole(plainTemplate());
    const deleting = Object.keys(actions).filter((role) => actions[role]?.includes("s3:DeleteObject"));
    expect(Object.keys(actions)).toHaveLength(3);
    expect(deleting).toEqual([expect.stringContaining("Janitor")]);
  });

  test("may do nothing by a wildcard of actions, and invoke nothing but the roller", () => {
    const all = Object.entries(actionsByRole(plainTemplate()));
    expect(all.flatMap(([, actions]) => actions).filter((action) => action.includes("*"))).toEqual([]);
    const invoking = all.filter(([, actions]) => actions.includes("lambda:InvokeFunction")).map(([role]) => role);
    expect(invoking).toEqual([expect.stringContaining("Broker")]);
  });

  test("that work asynchronously hand over what fails for good", () => {
    const template = plainTemplate();
    template.resourceCountIs("AWS::Lambda::EventInvokeConfig", 2);
    template.allResourcesProperties("AWS::Lambda::EventInvokeConfig", {
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });

  test("are told what the construct is told", () => {
    const template = templateOf({
      defaultPartitions: 7,
      autoCreateTopics: false,
      fetchWaitMax: Duration.seconds(2),
      sweepEvery: Duration.minutes(1),
      memoryMb: { api: 2048 },
    });
    template.hasResourceProperties("AWS::Lambda::Function", {
      MemorySize: 2048,
      Environment: {
        Variables: Match.objectLike({
          TIDELOG_DEFAULT_PARTITIONS: "7",
          TIDELOG_AUTO_CREATE_TOPICS: "false",
          LOG_FETCH_WAIT_MS_MAX: "2000",
          LOG_ROLLER: Match.anyValue(),
        }),
      },
    });
    const rule = (rate: string, work: string) =>
      template.hasResourceProperties("AWS::Events::Rule", {
        ScheduleExpression: rate,
        Targets: [Match.objectLike({ Input: JSON.stringify({ work }) })],
      });
    rule("rate(1 minute)", "retention");
    rule("rate(30 minutes)", "rewriting");
    rule("rate(1 hour)", "collection");
    rule("rate(1 hour)", "groups");
  });
});

describe("the HTTP API", () => {
  test("lets in only whom IAM knows, unless told otherwise, and is throttled", () => {
    const template = templateOf({ throttle: { requestsPerSecond: 50, burst: 100 } });
    template.allResourcesProperties("AWS::ApiGatewayV2::Route", { AuthorizationType: "AWS_IAM" });
    template.hasResourceProperties("AWS::ApiGatewayV2::Integration", { PayloadFormatVersion: "2.0" });
    template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
      StageName: "$default",
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    });
  });

  test("takes tokens of an issuer where it is told to", () => {
    const template = templateOf({ authorization: { issuer: "https://issuer.example.com", audience: ["log"] } });
    template.allResourcesProperties("AWS::ApiGatewayV2::Route", { AuthorizationType: "JWT" });
    template.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
      JwtConfiguration: { Issuer: "https://issuer.example.com", Audience: ["log"] },
    });
  });

  test("is told as the stack's output, with bucket and table", () => {
    const outputs = Object.keys(plainTemplate().findOutputs("*"));
    for (const name of ["Endpoint", "BucketName", "TableName"]) {
      expect(outputs).toContainEqual(expect.stringContaining(name));
    }
  });
});

const toldMetrics = (template: Template, value: string): void =>
  template.hasResourceProperties("AWS::Lambda::Function", {
    Environment: { Variables: Match.objectLike({ LOG_METRICS: value }) },
  });

test("alarms, a dashboard and a metric of one's own come when they are asked for, since they cost", () => {
  plainTemplate().resourceCountIs("AWS::CloudWatch::Alarm", 0);
  plainTemplate().resourceCountIs("AWS::CloudWatch::Dashboard", 0);
  toldMetrics(plainTemplate(), "false");
  const watched = templateOf({ alarms: {}, dashboard: true });
  watched.resourceCountIs("AWS::CloudWatch::Alarm", 8);
  watched.resourceCountIs("AWS::CloudWatch::Dashboard", 1);
  toldMetrics(watched, "true");
});

test("an alarm looks at the metric that the janitor tells, and takes silence for the worst", () => {
  const template = templateOf({ alarms: { tailAgeMax: Duration.hours(1) }, sweepEvery: Duration.minutes(2) });
  const line = JSON.parse(tailAgeLine({ table: "t", ageMs: 0, nowMs: 0 })) as {
    _aws: { CloudWatchMetrics: [{ Namespace: string; Dimensions: [[string]]; Metrics: [{ Name: string }] }] };
  };
  const [told] = line._aws.CloudWatchMetrics;
  template.hasResourceProperties("AWS::CloudWatch::Alarm", {
    Namespace: told.Namespace,
    MetricName: told.Metrics[0].Name,
    Dimensions: [{ Name: told.Dimensions[0][0], Value: Match.anyValue() }],
    Statistic: "Maximum",
    Threshold: 3600,
    Period: 360,
    TreatMissingData: "breaching",
  });
});

test("a role may be let in as a client, or as a broker that deletes no object", () => {
  const { stack, log } = stackWith();
  const role = (id: string) => new Role(stack, id, { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
  log.grantInvoke(role("Client"));
  log.grantBroker(role("InProcess"));
  const actions = Object.entries(actionsByRole(Template.fromStack(stack)));
  const of = (id: string) => actions.find(([name]) => name.startsWith(id))?.[1] ?? [];
  expect(of("Client")).toEqual(["execute-api:Invoke"]);
  expect(of("InProcess")).toEqual(expect.arrayContaining(["s3:PutObject", "dynamodb:UpdateItem"]));
  expect(of("InProcess")).not.toContain("s3:DeleteObject");
});

describe("the rules of AwsSolutions", () => {
  const findings = (change: (stack: Stack) => void): string[] => {
    const app = new App({ outdir: path.join(functionsFolder, "out") });
    const stack = new Stack(app, "Checked");
    new Tidelog(stack, "Log", { functionsFolder, alarms: {}, dashboard: true });
    change(stack);
    const pack = new AwsSolutionsChecks(app);
    Validations.of(app).addPlugins(pack);
    try {
      app.synth();
      return [];
    } catch (error) {
      return [String(error)];
    }
  };

  test("find nothing that is not acknowledged with a reason", () => {
    expect(findings(() => {})).toEqual([]);
  });

  test("do find what is not acknowledged", () => {
    expect(findings((stack) => void new Bucket(stack, "Bare"))).not.toEqual([]);
  });
});
