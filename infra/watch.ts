import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

export interface Watched {
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly failures: IQueue;
}

const EVERY = Duration.minutes(5);

/** Alarms for what somebody should look at: errors and throttles of each function, and events that failed for good. */
export class LogAlarms extends Construct {
  constructor(scope: Construct, id: string, { functions, failures }: Watched, notify: ITopic | undefined) {
    super(scope, id);
    const alarm = (name: string, metric: IMetric, description: string): void => {
      const created = new Alarm(this, name, {
        metric,
        alarmDescription: description,
        threshold: 1,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      if (notify !== undefined) created.addAlarmAction(new SnsAction(notify));
    };
    for (const [name, each] of Object.entries(functions)) {
      alarm(`${name}Errors`, each.metricErrors({ period: EVERY }), `The log's ${name} function fails`);
      alarm(`${name}Throttles`, each.metricThrottles({ period: EVERY }), `The log's ${name} function is throttled`);
    }
    const left = failures.metricApproximateNumberOfMessagesVisible({ period: EVERY });
    alarm("Failures", left, "Work of the log failed for good: its events lie in the failure queue");
  }
}

/** Requests, errors and durations of the functions on one page. */
export class LogDashboard extends Construct {
  constructor(scope: Construct, id: string, { functions, failures }: Watched) {
    super(scope, id);
    const all = Object.values(functions);
    const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 12 });
    new Dashboard(this, "Dashboard", {
      widgets: [
        [
          graph(
            "Invocations",
            all.map((each) => each.metricInvocations()),
          ),
          graph(
            "Duration, 99th percentile",
            all.map((each) => each.metricDuration({ statistic: "p99" })),
          ),
        ],
        [
          graph(
            "Errors and throttles",
            all.flatMap((each) => [each.metricErrors(), each.metricThrottles()]),
          ),
          graph("Failed for good", [failures.metricApproximateNumberOfMessagesVisible()]),
        ],
      ],
    });
  }
}
